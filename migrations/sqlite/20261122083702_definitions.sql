-- Create "bundles" table
CREATE TABLE `bundles` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `size` integer NOT NULL, `expires_at` datetime NOT NULL, `client_id` text NOT NULL, `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `bundles_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `bundles_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- Create index "bundle_client_id_id" to table: "bundles"
CREATE INDEX `bundle_client_id_id` ON `bundles` (`client_id`, `id`);
-- Create index "bundle_user_id" to table: "bundles"
CREATE INDEX `bundle_user_id` ON `bundles` (`user_id`);
-- Create index "bundle_expires_at" to table: "bundles"
CREATE INDEX `bundle_expires_at` ON `bundles` (`expires_at`);
-- Create "bundle_parts" table
CREATE TABLE `bundle_parts` (`id` text NOT NULL, `position` integer NOT NULL, `content` text NOT NULL, `bundle_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `bundle_parts_bundles_bundle` FOREIGN KEY (`bundle_id`) REFERENCES `bundles` (`id`) ON DELETE NO ACTION);
-- Create index "bundlepart_bundle_id_position" to table: "bundle_parts"
CREATE UNIQUE INDEX `bundlepart_bundle_id_position` ON `bundle_parts` (`bundle_id`, `position`);
-- Create "definition_layers" table
CREATE TABLE `definition_layers` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `kind` text NOT NULL, `name` text NOT NULL, `whole` bool NOT NULL, `final` bool NOT NULL DEFAULT (false), `public` bool NOT NULL DEFAULT (false), `client_id` text NOT NULL, `application_id` text NOT NULL, `current_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `definition_layers_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `definition_layers_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `definition_layers_definition_versions_current` FOREIGN KEY (`current_id`) REFERENCES `definition_versions` (`id`) ON DELETE NO ACTION);
-- Create index "definitionlayer_client_id_application_id_kind_name" to table: "definition_layers"
CREATE UNIQUE INDEX `definitionlayer_client_id_application_id_kind_name` ON `definition_layers` (`client_id`, `application_id`, `kind`, `name`);
-- Create index "definitionlayer_client_id_application_id_name_kind" to table: "definition_layers"
CREATE INDEX `definitionlayer_client_id_application_id_name_kind` ON `definition_layers` (`client_id`, `application_id`, `name`, `kind`);
-- Create index "definitionlayer_application_id_kind_name_client_id" to table: "definition_layers"
CREATE INDEX `definitionlayer_application_id_kind_name_client_id` ON `definition_layers` (`application_id`, `kind`, `name`, `client_id`);
-- Create index "definitionlayer_application_id_name_id" to table: "definition_layers"
CREATE INDEX `definitionlayer_application_id_name_id` ON `definition_layers` (`application_id`, `name`, `id`);
-- Create index "definitionlayer_application_id_id" to table: "definition_layers"
CREATE INDEX `definitionlayer_application_id_id` ON `definition_layers` (`application_id`, `id`);
-- Create index "definitionlayer_client_id_id" to table: "definition_layers"
CREATE INDEX `definitionlayer_client_id_id` ON `definition_layers` (`client_id`, `id`);
-- Create index "definitionlayer_current_id" to table: "definition_layers"
CREATE INDEX `definitionlayer_current_id` ON `definition_layers` (`current_id`);
-- Create "definition_versions" table
CREATE TABLE `definition_versions` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `kind` text NOT NULL, `name` text NOT NULL, `number` integer NOT NULL, `content` text NOT NULL, `base` text NOT NULL DEFAULT (''), `whole` bool NOT NULL, `final` bool NOT NULL, `public` bool NOT NULL, `removed` bool NOT NULL, `changed_by_client_id` text NULL, `changed_by_id` text NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `definition_versions_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `definition_versions_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "definitionversion_client_id_application_id_kind_name_number" to table: "definition_versions"
CREATE UNIQUE INDEX `definitionversion_client_id_application_id_kind_name_number` ON `definition_versions` (`client_id`, `application_id`, `kind`, `name`, `number`);
-- Create index "definitionversion_application_id_client_id_kind_name_id" to table: "definition_versions"
CREATE INDEX `definitionversion_application_id_client_id_kind_name_id` ON `definition_versions` (`application_id`, `client_id`, `kind`, `name`, `id`);
-- Create index "definitionversion_application_id_name_id" to table: "definition_versions"
CREATE INDEX `definitionversion_application_id_name_id` ON `definition_versions` (`application_id`, `name`, `id`);
-- Create index "definitionversion_application_id_id" to table: "definition_versions"
CREATE INDEX `definitionversion_application_id_id` ON `definition_versions` (`application_id`, `id`);
-- Create index "definitionversion_client_id_id" to table: "definition_versions"
CREATE INDEX `definitionversion_client_id_id` ON `definition_versions` (`client_id`, `id`);
