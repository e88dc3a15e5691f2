-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_access_grants" table
CREATE TABLE `new_access_grants` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `level` text NOT NULL, `expires_at` datetime NULL, `reason` text NOT NULL DEFAULT (''), `lent` bool NOT NULL DEFAULT (false), `lent_until` datetime NULL, `embeddable` bool NOT NULL DEFAULT (false), `client_id` text NOT NULL, `application_id` text NOT NULL, `giver_id` text NOT NULL, `given_by_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `access_grants_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_grants_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_grants_clients_giver` FOREIGN KEY (`giver_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `access_grants_users_given_by` FOREIGN KEY (`given_by_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- Copy rows from old table "access_grants" to new temporary table "new_access_grants"
INSERT INTO `new_access_grants` (`id`, `created_at`, `updated_at`, `version`, `level`, `expires_at`, `reason`, `client_id`, `application_id`, `giver_id`, `given_by_id`) SELECT `id`, `created_at`, `updated_at`, `version`, `level`, `expires_at`, `reason`, `client_id`, `application_id`, `giver_id`, `given_by_id` FROM `access_grants`;
-- Drop "access_grants" table after copying rows
DROP TABLE `access_grants`;
-- Rename temporary table "new_access_grants" to "access_grants"
ALTER TABLE `new_access_grants` RENAME TO `access_grants`;
-- Create index "accessgrant_client_id_application_id" to table: "access_grants"
CREATE UNIQUE INDEX `accessgrant_client_id_application_id` ON `access_grants` (`client_id`, `application_id`);
-- Create index "accessgrant_client_id_level_expires_at_application_id" to table: "access_grants"
CREATE INDEX `accessgrant_client_id_level_expires_at_application_id` ON `access_grants` (`client_id`, `level`, `expires_at`, `application_id`);
-- Create index "accessgrant_application_id_client_id" to table: "access_grants"
CREATE INDEX `accessgrant_application_id_client_id` ON `access_grants` (`application_id`, `client_id`);
-- Create index "accessgrant_client_id_id" to table: "access_grants"
CREATE INDEX `accessgrant_client_id_id` ON `access_grants` (`client_id`, `id`);
-- Create index "accessgrant_application_id_id" to table: "access_grants"
CREATE INDEX `accessgrant_application_id_id` ON `access_grants` (`application_id`, `id`);
-- Create index "accessgrant_giver_id_application_id" to table: "access_grants"
CREATE INDEX `accessgrant_giver_id_application_id` ON `access_grants` (`giver_id`, `application_id`);
-- Create index "accessgrant_given_by_id" to table: "access_grants"
CREATE INDEX `accessgrant_given_by_id` ON `access_grants` (`given_by_id`);
-- Create "new_application_properties" table
CREATE TABLE `new_application_properties` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `name` text NOT NULL, `value` text NOT NULL, `public` bool NOT NULL DEFAULT (false), `secret` bool NOT NULL DEFAULT (false), `sealed` text NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `application_properties_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `application_properties_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Copy rows from old table "application_properties" to new temporary table "new_application_properties"
INSERT INTO `new_application_properties` (`id`, `created_at`, `updated_at`, `version`, `name`, `value`, `public`, `client_id`, `application_id`) SELECT `id`, `created_at`, `updated_at`, `version`, `name`, `value`, `public`, `client_id`, `application_id` FROM `application_properties`;
-- Drop "application_properties" table after copying rows
DROP TABLE `application_properties`;
-- Rename temporary table "new_application_properties" to "application_properties"
ALTER TABLE `new_application_properties` RENAME TO `application_properties`;
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
-- Create "new_client_urls" table
CREATE TABLE `new_client_urls` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `origin` text NOT NULL, `proven_origin` text NULL, `challenge` text NOT NULL DEFAULT (''), `status` text NOT NULL DEFAULT ('PENDING'), `proven_at` datetime NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `client_urls_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `client_urls_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Copy rows from old table "client_urls" to new temporary table "new_client_urls"
INSERT INTO `new_client_urls` (`id`, `created_at`, `updated_at`, `version`, `origin`, `proven_origin`, `status`, `proven_at`, `client_id`, `application_id`) SELECT `id`, `created_at`, `updated_at`, `version`, `origin`, `proven_origin`, `status`, `proven_at`, `client_id`, `application_id` FROM `client_urls`;
-- Drop "client_urls" table after copying rows
DROP TABLE `client_urls`;
-- Rename temporary table "new_client_urls" to "client_urls"
ALTER TABLE `new_client_urls` RENAME TO `client_urls`;
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
-- Create "new_outbox_events" table
CREATE TABLE `new_outbox_events` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `topic` text NOT NULL, `client_id` text NULL, `object_id` text NOT NULL, `participant` text NOT NULL DEFAULT (''), `payload` text NOT NULL, `status` text NOT NULL DEFAULT ('PENDING'), `attempts` integer NOT NULL DEFAULT (0), `next_at` datetime NOT NULL, `leased_by` text NOT NULL DEFAULT (''), `leased_until` datetime NULL, `last_error` text NOT NULL DEFAULT (''), `delivered_at` datetime NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "outbox_events" to new temporary table "new_outbox_events"
INSERT INTO `new_outbox_events` (`id`, `created_at`, `updated_at`, `version`, `topic`, `client_id`, `object_id`, `payload`, `status`, `attempts`, `next_at`, `leased_by`, `leased_until`, `last_error`, `delivered_at`) SELECT `id`, `created_at`, `updated_at`, `version`, `topic`, `client_id`, `object_id`, `payload`, `status`, `attempts`, `next_at`, `leased_by`, `leased_until`, `last_error`, `delivered_at` FROM `outbox_events`;
-- Drop "outbox_events" table after copying rows
DROP TABLE `outbox_events`;
-- Rename temporary table "new_outbox_events" to "outbox_events"
ALTER TABLE `new_outbox_events` RENAME TO `outbox_events`;
-- Create index "outboxevent_status_next_at" to table: "outbox_events"
CREATE INDEX `outboxevent_status_next_at` ON `outbox_events` (`status`, `next_at`);
-- Create index "outboxevent_object_id_status_id" to table: "outbox_events"
CREATE INDEX `outboxevent_object_id_status_id` ON `outbox_events` (`object_id`, `status`, `id`);
-- Create index "outboxevent_client_id_id" to table: "outbox_events"
CREATE INDEX `outboxevent_client_id_id` ON `outbox_events` (`client_id`, `id`);
-- Create "application_dependencies" table
CREATE TABLE `application_dependencies` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `position` integer NOT NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, `dependency_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `application_dependencies_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `application_dependencies_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION, CONSTRAINT `application_dependencies_applications_dependency` FOREIGN KEY (`dependency_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "applicationdependency_application_id_dependency_id" to table: "application_dependencies"
CREATE UNIQUE INDEX `applicationdependency_application_id_dependency_id` ON `application_dependencies` (`application_id`, `dependency_id`);
-- Create index "applicationdependency_application_id_position_id" to table: "application_dependencies"
CREATE INDEX `applicationdependency_application_id_position_id` ON `application_dependencies` (`application_id`, `position`, `id`);
-- Create index "applicationdependency_application_id_id" to table: "application_dependencies"
CREATE INDEX `applicationdependency_application_id_id` ON `application_dependencies` (`application_id`, `id`);
-- Create index "applicationdependency_dependency_id_id" to table: "application_dependencies"
CREATE INDEX `applicationdependency_dependency_id_id` ON `application_dependencies` (`dependency_id`, `id`);
-- Create index "applicationdependency_client_id_id" to table: "application_dependencies"
CREATE INDEX `applicationdependency_client_id_id` ON `application_dependencies` (`client_id`, `id`);
-- Create "property_changes" table
CREATE TABLE `property_changes` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `name` text NOT NULL, `value` text NULL, `public` bool NOT NULL, `secret` bool NOT NULL, `removed` bool NOT NULL, `changed_by_client_id` text NULL, `changed_by_id` text NULL, `client_id` text NOT NULL, `application_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `property_changes_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `property_changes_applications_application` FOREIGN KEY (`application_id`) REFERENCES `applications` (`id`) ON DELETE NO ACTION);
-- Create index "propertychange_application_id_client_id_name_id" to table: "property_changes"
CREATE INDEX `propertychange_application_id_client_id_name_id` ON `property_changes` (`application_id`, `client_id`, `name`, `id`);
-- Create index "propertychange_application_id_id" to table: "property_changes"
CREATE INDEX `propertychange_application_id_id` ON `property_changes` (`application_id`, `id`);
-- Create index "propertychange_client_id_id" to table: "property_changes"
CREATE INDEX `propertychange_client_id_id` ON `property_changes` (`client_id`, `id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
