-- Modify "access_grants" table
ALTER TABLE `access_grants` ADD INDEX `accessgrant_client_id_level_expires_at_application_id` (`client_id`, `level`, `expires_at`, `application_id`);
