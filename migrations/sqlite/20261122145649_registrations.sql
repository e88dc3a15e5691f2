-- Create "access_requests" table
CREATE TABLE `access_requests` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `message` text NOT NULL, `status` text NOT NULL DEFAULT ('PENDING'), `pending` bool NULL, `answer` text NOT NULL DEFAULT (''), `decided_at` datetime NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, `user_id` text NOT NULL, `decided_by_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `access_requests_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_requests_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_requests_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_requests_users_decided_by` FOREIGN KEY (`decided_by_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- Create index "accessrequest_client_id_application_id_pending" to table: "access_requests"
CREATE UNIQUE INDEX `accessrequest_client_id_application_id_pending` ON `access_requests` (`client_id`, `application_id`, `pending`);
-- Create index "accessrequest_client_id_id" to table: "access_requests"
CREATE INDEX `accessrequest_client_id_id` ON `access_requests` (`client_id`, `id`);
-- Create index "accessrequest_application_id_id" to table: "access_requests"
CREATE INDEX `accessrequest_application_id_id` ON `access_requests` (`application_id`, `id`);
-- Create index "accessrequest_user_id" to table: "access_requests"
CREATE INDEX `accessrequest_user_id` ON `access_requests` (`user_id`);
-- Create index "accessrequest_decided_by_id" to table: "access_requests"
CREATE INDEX `accessrequest_decided_by_id` ON `access_requests` (`decided_by_id`);
-- Create "registrations" table
CREATE TABLE `registrations` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `type` text NOT NULL, `address` text NOT NULL, `address_key` text NOT NULL, `locale` text NOT NULL, `secret_hash` text NULL, `attempts` integer NOT NULL DEFAULT (0), `sends` integer NOT NULL DEFAULT (0), `began_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `locked_until` datetime NULL, `forget_at` datetime NOT NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `registrations_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `registrations_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "registration_application_id_client_id_address_key" to table: "registrations"
CREATE UNIQUE INDEX `registration_application_id_client_id_address_key` ON `registrations` (`application_id`, `client_id`, `address_key`);
-- Create index "registration_address_key" to table: "registrations"
CREATE INDEX `registration_address_key` ON `registrations` (`address_key`);
-- Create index "registration_client_id" to table: "registrations"
CREATE INDEX `registration_client_id` ON `registrations` (`client_id`);
-- Create index "registration_secret_hash" to table: "registrations"
CREATE UNIQUE INDEX `registration_secret_hash` ON `registrations` (`secret_hash`);
-- Create index "registration_forget_at" to table: "registrations"
CREATE INDEX `registration_forget_at` ON `registrations` (`forget_at`);
-- Create "registration_codes" table
CREATE TABLE `registration_codes` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `code_hash` text NULL, `email` text NULL, `expires_at` datetime NOT NULL, `used_at` datetime NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, `used_client_id` text NULL, `author_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `registration_codes_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `registration_codes_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `registration_codes_clients_used_client` FOREIGN KEY (`used_client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `registration_codes_users_author` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- Create index "registrationcode_code_hash" to table: "registration_codes"
CREATE UNIQUE INDEX `registrationcode_code_hash` ON `registration_codes` (`code_hash`);
-- Create index "registrationcode_client_id_id" to table: "registration_codes"
CREATE INDEX `registrationcode_client_id_id` ON `registration_codes` (`client_id`, `id`);
-- Create index "registrationcode_application_id_id" to table: "registration_codes"
CREATE INDEX `registrationcode_application_id_id` ON `registration_codes` (`application_id`, `id`);
-- Create index "registrationcode_used_client_id" to table: "registration_codes"
CREATE INDEX `registrationcode_used_client_id` ON `registration_codes` (`used_client_id`);
-- Create index "registrationcode_author_id" to table: "registration_codes"
CREATE INDEX `registrationcode_author_id` ON `registration_codes` (`author_id`);
-- Create index "registrationcode_expires_at" to table: "registration_codes"
CREATE INDEX `registrationcode_expires_at` ON `registration_codes` (`expires_at`);
-- Create "registration_rules" table
CREATE TABLE `registration_rules` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `client_type` text NOT NULL, `gives` text NOT NULL, `given_id` text NOT NULL, `level` text NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, `given_application_id` text NULL, `package_id` text NULL, `role_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `registration_rules_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `registration_rules_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `registration_rules_applications_given_application` FOREIGN KEY (`given_application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `registration_rules_packages_package` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE NO ACTION, CONSTRAINT `registration_rules_roles_role` FOREIGN KEY (`role_id`) REFERENCES `roles` (`id`) ON DELETE NO ACTION);
-- Create index "registrationrule_client_id_application_id_client_type_given_id" to table: "registration_rules"
CREATE UNIQUE INDEX `registrationrule_client_id_application_id_client_type_given_id` ON `registration_rules` (`client_id`, `application_id`, `client_type`, `given_id`);
-- Create index "registrationrule_client_id_id" to table: "registration_rules"
CREATE INDEX `registrationrule_client_id_id` ON `registration_rules` (`client_id`, `id`);
-- Create index "registrationrule_application_id_id" to table: "registration_rules"
CREATE INDEX `registrationrule_application_id_id` ON `registration_rules` (`application_id`, `id`);
-- Create index "registrationrule_given_application_id" to table: "registration_rules"
CREATE INDEX `registrationrule_given_application_id` ON `registration_rules` (`given_application_id`);
-- Create index "registrationrule_package_id" to table: "registration_rules"
CREATE INDEX `registrationrule_package_id` ON `registration_rules` (`package_id`);
-- Create index "registrationrule_role_id" to table: "registration_rules"
CREATE INDEX `registrationrule_role_id` ON `registration_rules` (`role_id`);
