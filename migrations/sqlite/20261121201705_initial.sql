-- Create "access_grants" table
CREATE TABLE `access_grants` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `level` text NOT NULL, `expires_at` datetime NULL, `reason` text NOT NULL DEFAULT (''), `client_id` text NOT NULL, `application_id` text NOT NULL, `giver_id` text NOT NULL, `given_by_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `access_grants_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_grants_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_grants_clients_giver` FOREIGN KEY (`giver_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_grants_users_given_by` FOREIGN KEY (`given_by_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- Create index "accessgrant_client_id_application_id" to table: "access_grants"
CREATE UNIQUE INDEX `accessgrant_client_id_application_id` ON `access_grants` (`client_id`, `application_id`);
-- Create index "accessgrant_application_id_client_id" to table: "access_grants"
CREATE INDEX `accessgrant_application_id_client_id` ON `access_grants` (`application_id`, `client_id`);
-- Create index "accessgrant_client_id_id" to table: "access_grants"
CREATE INDEX `accessgrant_client_id_id` ON `access_grants` (`client_id`, `id`);
-- Create index "accessgrant_application_id_id" to table: "access_grants"
CREATE INDEX `accessgrant_application_id_id` ON `access_grants` (`application_id`, `id`);
-- Create index "accessgrant_giver_id" to table: "access_grants"
CREATE INDEX `accessgrant_giver_id` ON `access_grants` (`giver_id`);
-- Create index "accessgrant_given_by_id" to table: "access_grants"
CREATE INDEX `accessgrant_given_by_id` ON `access_grants` (`given_by_id`);
-- Create "applications" table
CREATE TABLE `applications` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `code` text NOT NULL, `name` text NOT NULL, `name_key` text NOT NULL, `type` text NOT NULL, `access_type` text NOT NULL, `status` text NOT NULL DEFAULT ('ACTIVE'), `thumbnail_url` text NULL, `client_id` text NOT NULL, `creator_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `applications_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `applications_clients_creator` FOREIGN KEY (`creator_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION);
-- Create index "application_code" to table: "applications"
CREATE UNIQUE INDEX `application_code` ON `applications` (`code`);
-- Create index "application_client_id_name_key_id" to table: "applications"
CREATE INDEX `application_client_id_name_key_id` ON `applications` (`client_id`, `name_key`, `id`);
-- Create index "application_client_id_id" to table: "applications"
CREATE INDEX `application_client_id_id` ON `applications` (`client_id`, `id`);
-- Create index "application_client_id_code" to table: "applications"
CREATE INDEX `application_client_id_code` ON `applications` (`client_id`, `code`);
-- Create index "application_name_key_id" to table: "applications"
CREATE INDEX `application_name_key_id` ON `applications` (`name_key`, `id`);
-- Create index "application_creator_id_id" to table: "applications"
CREATE INDEX `application_creator_id_id` ON `applications` (`creator_id`, `id`);
-- Create "application_properties" table
CREATE TABLE `application_properties` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `name` text NOT NULL, `value` text NOT NULL, `public` bool NOT NULL DEFAULT (false), `client_id` text NOT NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `application_properties_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `application_properties_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "applicationproperty_client_id_application_id_name" to table: "application_properties"
CREATE UNIQUE INDEX `applicationproperty_client_id_application_id_name` ON `application_properties` (`client_id`, `application_id`, `name`);
-- Create index "applicationproperty_application_id_name_id" to table: "application_properties"
CREATE INDEX `applicationproperty_application_id_name_id` ON `application_properties` (`application_id`, `name`, `id`);
-- Create index "applicationproperty_application_id_id" to table: "application_properties"
CREATE INDEX `applicationproperty_application_id_id` ON `application_properties` (`application_id`, `id`);
-- Create index "applicationproperty_client_id_name_id" to table: "application_properties"
CREATE INDEX `applicationproperty_client_id_name_id` ON `application_properties` (`client_id`, `name`, `id`);
-- Create index "applicationproperty_client_id_id" to table: "application_properties"
CREATE INDEX `applicationproperty_client_id_id` ON `application_properties` (`client_id`, `id`);
-- Create "audit_events" table
CREATE TABLE `audit_events` (`id` text NOT NULL, `at` datetime NOT NULL, `client_id` text NOT NULL, `actor_client_id` text NULL, `actor_user_id` text NULL, `on_behalf` text NOT NULL DEFAULT (''), `operation` text NOT NULL, `kind` text NOT NULL, `object_id` text NOT NULL, `before` text NULL, `after` text NULL, `request_id` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- Create index "auditevent_client_id_id" to table: "audit_events"
CREATE INDEX `auditevent_client_id_id` ON `audit_events` (`client_id`, `id`);
-- Create index "auditevent_object_id_id" to table: "audit_events"
CREATE INDEX `auditevent_object_id_id` ON `audit_events` (`object_id`, `id`);
-- Create "claimed_names" table
CREATE TABLE `claimed_names` (`id` text NOT NULL, `claimed_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create "client_paths" table
CREATE TABLE `client_paths` (`depth` integer NOT NULL, `ancestor_id` text NOT NULL, `descendant_id` text NOT NULL, PRIMARY KEY (`ancestor_id`, `descendant_id`), CONSTRAINT `client_paths_clients_tenant` FOREIGN KEY (`ancestor_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `client_paths_clients_descendant` FOREIGN KEY (`descendant_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION);
-- Create index "clientpath_descendant_id_depth" to table: "client_paths"
CREATE INDEX `clientpath_descendant_id_depth` ON `client_paths` (`descendant_id`, `depth`);
-- Create "client_urls" table
CREATE TABLE `client_urls` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `origin` text NOT NULL, `proven_origin` text NULL, `status` text NOT NULL DEFAULT ('PENDING'), `proven_at` datetime NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `client_urls_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `client_urls_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "clienturl_proven_origin" to table: "client_urls"
CREATE UNIQUE INDEX `clienturl_proven_origin` ON `client_urls` (`proven_origin`);
-- Create index "clienturl_client_id_application_id_origin" to table: "client_urls"
CREATE UNIQUE INDEX `clienturl_client_id_application_id_origin` ON `client_urls` (`client_id`, `application_id`, `origin`);
-- Create index "clienturl_client_id_origin_id" to table: "client_urls"
CREATE INDEX `clienturl_client_id_origin_id` ON `client_urls` (`client_id`, `origin`, `id`);
-- Create index "clienturl_client_id_id" to table: "client_urls"
CREATE INDEX `clienturl_client_id_id` ON `client_urls` (`client_id`, `id`);
-- Create index "clienturl_application_id_origin_id" to table: "client_urls"
CREATE INDEX `clienturl_application_id_origin_id` ON `client_urls` (`application_id`, `origin`, `id`);
-- Create index "clienturl_application_id_id" to table: "client_urls"
CREATE INDEX `clienturl_application_id_id` ON `client_urls` (`application_id`, `id`);
-- Create "memberships" table
CREATE TABLE `memberships` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `home` bool NOT NULL DEFAULT (false), `client_id` text NOT NULL, `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `memberships_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `memberships_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- Create index "membership_client_id_user_id" to table: "memberships"
CREATE UNIQUE INDEX `membership_client_id_user_id` ON `memberships` (`client_id`, `user_id`);
-- Create index "membership_client_id_id" to table: "memberships"
CREATE INDEX `membership_client_id_id` ON `memberships` (`client_id`, `id`);
-- Create index "membership_user_id_id" to table: "memberships"
CREATE INDEX `membership_user_id_id` ON `memberships` (`user_id`, `id`);
-- Create "package_gifts" table
CREATE TABLE `package_gifts` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `client_id` text NOT NULL, `package_id` text NOT NULL, `giver_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `package_gifts_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `package_gifts_packages_package` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE NO ACTION, CONSTRAINT `package_gifts_clients_giver` FOREIGN KEY (`giver_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION);
-- Create index "packagegift_client_id_package_id" to table: "package_gifts"
CREATE UNIQUE INDEX `packagegift_client_id_package_id` ON `package_gifts` (`client_id`, `package_id`);
-- Create index "packagegift_package_id_client_id" to table: "package_gifts"
CREATE INDEX `packagegift_package_id_client_id` ON `package_gifts` (`package_id`, `client_id`);
-- Create index "packagegift_giver_id" to table: "package_gifts"
CREATE INDEX `packagegift_giver_id` ON `package_gifts` (`giver_id`);
-- Create "permissions" table
CREATE TABLE `permissions` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `authority` text NOT NULL, `authority_key` text NOT NULL, `description` text NOT NULL DEFAULT (''), `built_in` bool NOT NULL DEFAULT (false), `client_id` text NOT NULL, `application_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `permissions_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `permissions_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "permission_authority" to table: "permissions"
CREATE UNIQUE INDEX `permission_authority` ON `permissions` (`authority`);
-- Create index "permission_client_id_authority" to table: "permissions"
CREATE INDEX `permission_client_id_authority` ON `permissions` (`client_id`, `authority`);
-- Create index "permission_client_id_id" to table: "permissions"
CREATE INDEX `permission_client_id_id` ON `permissions` (`client_id`, `id`);
-- Create index "permission_application_id_authority" to table: "permissions"
CREATE INDEX `permission_application_id_authority` ON `permissions` (`application_id`, `authority`);
-- Create index "permission_application_id_id" to table: "permissions"
CREATE INDEX `permission_application_id_id` ON `permissions` (`application_id`, `id`);
-- Create "roles" table
CREATE TABLE `roles` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `name` text NOT NULL, `name_key` text NOT NULL, `description` text NOT NULL DEFAULT (''), `built_in` bool NOT NULL DEFAULT (false), `client_id` text NOT NULL, `application_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `roles_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `roles_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "role_client_id_name_key_id" to table: "roles"
CREATE INDEX `role_client_id_name_key_id` ON `roles` (`client_id`, `name_key`, `id`);
-- Create index "role_client_id_id" to table: "roles"
CREATE INDEX `role_client_id_id` ON `roles` (`client_id`, `id`);
-- Create index "role_application_id_name_key_id" to table: "roles"
CREATE INDEX `role_application_id_name_key_id` ON `roles` (`application_id`, `name_key`, `id`);
-- Create index "role_application_id_id" to table: "roles"
CREATE INDEX `role_application_id_id` ON `roles` (`application_id`, `id`);
-- Create index "role_name_key_id" to table: "roles"
CREATE INDEX `role_name_key_id` ON `roles` (`name_key`, `id`);
-- Create "packages" table
CREATE TABLE `packages` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `code` text NOT NULL, `name` text NOT NULL, `name_key` text NOT NULL, `description` text NOT NULL DEFAULT (''), `base` bool NOT NULL DEFAULT (false), `built_in` bool NOT NULL DEFAULT (false), `client_id` text NOT NULL, `application_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `packages_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `packages_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "rolepackage_client_id_code" to table: "packages"
CREATE UNIQUE INDEX `rolepackage_client_id_code` ON `packages` (`client_id`, `code`);
-- Create index "rolepackage_client_id_name_key_id" to table: "packages"
CREATE INDEX `rolepackage_client_id_name_key_id` ON `packages` (`client_id`, `name_key`, `id`);
-- Create index "rolepackage_client_id_id" to table: "packages"
CREATE INDEX `rolepackage_client_id_id` ON `packages` (`client_id`, `id`);
-- Create index "rolepackage_application_id_name_key_id" to table: "packages"
CREATE INDEX `rolepackage_application_id_name_key_id` ON `packages` (`application_id`, `name_key`, `id`);
-- Create index "rolepackage_application_id_id" to table: "packages"
CREATE INDEX `rolepackage_application_id_id` ON `packages` (`application_id`, `id`);
-- Create index "rolepackage_name_key_id" to table: "packages"
CREATE INDEX `rolepackage_name_key_id` ON `packages` (`name_key`, `id`);
-- Create "role_paths" table
CREATE TABLE `role_paths` (`role_id` text NOT NULL, `reached_role_id` text NOT NULL, PRIMARY KEY (`role_id`, `reached_role_id`), CONSTRAINT `role_paths_roles_role` FOREIGN KEY (`role_id`) REFERENCES `roles` (`id`) ON DELETE NO ACTION, CONSTRAINT `role_paths_roles_reached_role` FOREIGN KEY (`reached_role_id`) REFERENCES `roles` (`id`) ON DELETE NO ACTION);
-- Create index "rolepath_reached_role_id" to table: "role_paths"
CREATE INDEX `rolepath_reached_role_id` ON `role_paths` (`reached_role_id`);
-- Create "sessions" table
CREATE TABLE `sessions` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `token_hash` text NOT NULL, `device` text NOT NULL, `last_used_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `client_id` text NOT NULL, `user_id` text NOT NULL, `membership_id` text NOT NULL, `application_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `sessions_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `sessions_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION, CONSTRAINT `sessions_memberships_membership` FOREIGN KEY (`membership_id`) REFERENCES `memberships` (`id`) ON DELETE NO ACTION, CONSTRAINT `sessions_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "session_token_hash" to table: "sessions"
CREATE UNIQUE INDEX `session_token_hash` ON `sessions` (`token_hash`);
-- Create index "session_client_id_id" to table: "sessions"
CREATE INDEX `session_client_id_id` ON `sessions` (`client_id`, `id`);
-- Create index "session_user_id_id" to table: "sessions"
CREATE INDEX `session_user_id_id` ON `sessions` (`user_id`, `id`);
-- Create index "session_membership_id_id" to table: "sessions"
CREATE INDEX `session_membership_id_id` ON `sessions` (`membership_id`, `id`);
-- Create index "session_application_id_id" to table: "sessions"
CREATE INDEX `session_application_id_id` ON `sessions` (`application_id`, `id`);
-- Create index "session_expires_at" to table: "sessions"
CREATE INDEX `session_expires_at` ON `sessions` (`expires_at`);
-- Create "clients" table
CREATE TABLE `clients` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `code` text NOT NULL, `name` text NOT NULL, `name_key` text NOT NULL, `type` text NOT NULL, `status` text NOT NULL DEFAULT ('ACTIVE'), `base_id` text NOT NULL, `isolated` bool NOT NULL DEFAULT (false), `locale` text NOT NULL DEFAULT ('en'), `time_zone` text NOT NULL DEFAULT ('UTC'), `currency` text NOT NULL DEFAULT ('EUR'), `manager_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `clients_clients_managed_clients` FOREIGN KEY (`manager_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION);
-- Create index "tenant_code" to table: "clients"
CREATE UNIQUE INDEX `tenant_code` ON `clients` (`code`);
-- Create index "tenant_manager_id_name_key_id" to table: "clients"
CREATE INDEX `tenant_manager_id_name_key_id` ON `clients` (`manager_id`, `name_key`, `id`);
-- Create index "tenant_manager_id_id" to table: "clients"
CREATE INDEX `tenant_manager_id_id` ON `clients` (`manager_id`, `id`);
-- Create index "tenant_manager_id_code" to table: "clients"
CREATE INDEX `tenant_manager_id_code` ON `clients` (`manager_id`, `code`);
-- Create index "tenant_name_key_id" to table: "clients"
CREATE INDEX `tenant_name_key_id` ON `clients` (`name_key`, `id`);
-- Create "users" table
CREATE TABLE `users` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `base_id` text NOT NULL, `name` text NOT NULL, `name_key` text NOT NULL, `user_name` text NULL, `user_name_key` text NULL, `email` text NULL, `email_key` text NULL, `phone` text NULL, `phone_key` text NULL, `status` text NOT NULL DEFAULT ('ACTIVE'), `locale` text NOT NULL DEFAULT ('en'), `password_hash` text NULL, `client_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `users_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION);
-- Create index "user_base_id_user_name_key" to table: "users"
CREATE UNIQUE INDEX `user_base_id_user_name_key` ON `users` (`base_id`, `user_name_key`);
-- Create index "user_base_id_email_key" to table: "users"
CREATE UNIQUE INDEX `user_base_id_email_key` ON `users` (`base_id`, `email_key`);
-- Create index "user_base_id_phone_key" to table: "users"
CREATE UNIQUE INDEX `user_base_id_phone_key` ON `users` (`base_id`, `phone_key`);
-- Create index "user_client_id_name_key_id" to table: "users"
CREATE INDEX `user_client_id_name_key_id` ON `users` (`client_id`, `name_key`, `id`);
-- Create index "user_client_id_id" to table: "users"
CREATE INDEX `user_client_id_id` ON `users` (`client_id`, `id`);
-- Create index "user_name_key_id" to table: "users"
CREATE INDEX `user_name_key_id` ON `users` (`name_key`, `id`);
-- Create "membership_roles" table
CREATE TABLE `membership_roles` (`membership_id` text NOT NULL, `role_id` text NOT NULL, PRIMARY KEY (`membership_id`, `role_id`), CONSTRAINT `membership_roles_membership_id` FOREIGN KEY (`membership_id`) REFERENCES `memberships` (`id`) ON DELETE CASCADE, CONSTRAINT `membership_roles_role_id` FOREIGN KEY (`role_id`) REFERENCES `roles` (`id`) ON DELETE CASCADE);
-- Create "role_permissions" table
CREATE TABLE `role_permissions` (`role_id` text NOT NULL, `permission_id` text NOT NULL, PRIMARY KEY (`role_id`, `permission_id`), CONSTRAINT `role_permissions_role_id` FOREIGN KEY (`role_id`) REFERENCES `roles` (`id`) ON DELETE CASCADE, CONSTRAINT `role_permissions_permission_id` FOREIGN KEY (`permission_id`) REFERENCES `permissions` (`id`) ON DELETE CASCADE);
-- Create "role_sub_roles" table
CREATE TABLE `role_sub_roles` (`role_id` text NOT NULL, `sub_role_id` text NOT NULL, PRIMARY KEY (`role_id`, `sub_role_id`), CONSTRAINT `role_sub_roles_role_id` FOREIGN KEY (`role_id`) REFERENCES `roles` (`id`) ON DELETE CASCADE, CONSTRAINT `role_sub_roles_sub_role_id` FOREIGN KEY (`sub_role_id`) REFERENCES `roles` (`id`) ON DELETE CASCADE);
-- Create "package_roles" table
CREATE TABLE `package_roles` (`package_id` text NOT NULL, `role_id` text NOT NULL, PRIMARY KEY (`package_id`, `role_id`), CONSTRAINT `package_roles_package_id` FOREIGN KEY (`package_id`) REFERENCES `packages` (`id`) ON DELETE CASCADE, CONSTRAINT `package_roles_role_id` FOREIGN KEY (`role_id`) REFERENCES `roles` (`id`) ON DELETE CASCADE);
