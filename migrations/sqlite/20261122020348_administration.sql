-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_audit_events" table
CREATE TABLE `new_audit_events` (`id` text NOT NULL, `at` datetime NOT NULL, `client_id` text NOT NULL, `actor_client_id` text NULL, `actor_user_id` text NULL, `on_behalf` text NOT NULL DEFAULT (''), `operation` text NOT NULL, `kind` text NOT NULL, `object_id` text NOT NULL, `before` text NULL, `after` text NULL, `request_id` text NOT NULL DEFAULT (''), `seal` integer NULL, `mac` text NULL, PRIMARY KEY (`id`));
-- Copy rows from old table "audit_events" to new temporary table "new_audit_events"
INSERT INTO `new_audit_events` (`id`, `at`, `client_id`, `actor_client_id`, `actor_user_id`, `on_behalf`, `operation`, `kind`, `object_id`, `before`, `after`, `request_id`) SELECT `id`, `at`, `client_id`, `actor_client_id`, `actor_user_id`, `on_behalf`, `operation`, `kind`, `object_id`, `before`, `after`, `request_id` FROM `audit_events`;
-- Drop "audit_events" table after copying rows
DROP TABLE `audit_events`;
-- Rename temporary table "new_audit_events" to "audit_events"
ALTER TABLE `new_audit_events` RENAME TO `audit_events`;
-- Create index "auditevent_seal" to table: "audit_events"
CREATE UNIQUE INDEX `auditevent_seal` ON `audit_events` (`seal`);
-- Create index "auditevent_client_id_id" to table: "audit_events"
CREATE INDEX `auditevent_client_id_id` ON `audit_events` (`client_id`, `id`);
-- Create index "auditevent_object_id_id" to table: "audit_events"
CREATE INDEX `auditevent_object_id_id` ON `audit_events` (`object_id`, `id`);
-- Create index "auditevent_actor_user_id_id" to table: "audit_events"
CREATE INDEX `auditevent_actor_user_id_id` ON `audit_events` (`actor_user_id`, `id`);
-- Create "attempts" table
CREATE TABLE `attempts` (`id` text NOT NULL, `account` text NOT NULL, `address` text NOT NULL, `at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "attempt_account_address_at" to table: "attempts"
CREATE INDEX `attempt_account_address_at` ON `attempts` (`account`, `address`, `at`);
-- Create index "attempt_account_at" to table: "attempts"
CREATE INDEX `attempt_account_at` ON `attempts` (`account`, `at`);
-- Create index "attempt_address_at" to table: "attempts"
CREATE INDEX `attempt_address_at` ON `attempts` (`address`, `at`);
-- Create index "attempt_at" to table: "attempts"
CREATE INDEX `attempt_at` ON `attempts` (`at`);
-- Create "audit_heads" table
CREATE TABLE `audit_heads` (`id` text NOT NULL, `seal` integer NOT NULL, `last` text NOT NULL, `mac` text NOT NULL, PRIMARY KEY (`id`));
-- Create "idempotency_keys" table
CREATE TABLE `idempotency_keys` (`id` text NOT NULL, `body_hash` text NOT NULL, `object_id` text NOT NULL DEFAULT (''), `object_version` integer NOT NULL DEFAULT (0), `created_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create index "idempotencykey_created_at" to table: "idempotency_keys"
CREATE INDEX `idempotencykey_created_at` ON `idempotency_keys` (`created_at`);
-- Create "invitations" table
CREATE TABLE `invitations` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `email` text NOT NULL, `email_key` text NOT NULL, `inviter_membership_id` text NULL, `status` text NOT NULL DEFAULT ('PENDING'), `token_hash` text NULL, `expires_at` datetime NOT NULL, `client_id` text NOT NULL, `inviter_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `invitations_clients_client` FOREIGN KEY (`client_id`) REFERENCES `clients` (`id`) ON DELETE NO ACTION, CONSTRAINT `invitations_users_inviter` FOREIGN KEY (`inviter_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- Create index "invitation_token_hash" to table: "invitations"
CREATE UNIQUE INDEX `invitation_token_hash` ON `invitations` (`token_hash`);
-- Create index "invitation_client_id_id" to table: "invitations"
CREATE INDEX `invitation_client_id_id` ON `invitations` (`client_id`, `id`);
-- Create index "invitation_inviter_id" to table: "invitations"
CREATE INDEX `invitation_inviter_id` ON `invitations` (`inviter_id`);
-- Create index "invitation_inviter_membership_id" to table: "invitations"
CREATE INDEX `invitation_inviter_membership_id` ON `invitations` (`inviter_membership_id`);
-- Create "leases" table
CREATE TABLE `leases` (`id` text NOT NULL, `holder` text NOT NULL, `until` datetime NOT NULL, PRIMARY KEY (`id`));
-- Create "links" table
CREATE TABLE `links` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `email` text NOT NULL, `token_hash` text NOT NULL, `expires_at` datetime NOT NULL, `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `links_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- Create index "link_token_hash" to table: "links"
CREATE UNIQUE INDEX `link_token_hash` ON `links` (`token_hash`);
-- Create index "link_user_id" to table: "links"
CREATE INDEX `link_user_id` ON `links` (`user_id`);
-- Create index "link_expires_at" to table: "links"
CREATE INDEX `link_expires_at` ON `links` (`expires_at`);
-- Create "outbox_events" table
CREATE TABLE `outbox_events` (`id` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `version` integer NOT NULL DEFAULT (1), `topic` text NOT NULL, `client_id` text NULL, `object_id` text NOT NULL, `payload` text NOT NULL, `status` text NOT NULL DEFAULT ('PENDING'), `attempts` integer NOT NULL DEFAULT (0), `next_at` datetime NOT NULL, `leased_by` text NOT NULL DEFAULT (''), `leased_until` datetime NULL, `last_error` text NOT NULL DEFAULT (''), `delivered_at` datetime NULL, PRIMARY KEY (`id`));
-- Create index "outboxevent_status_next_at" to table: "outbox_events"
CREATE INDEX `outboxevent_status_next_at` ON `outbox_events` (`status`, `next_at`);
-- Create index "outboxevent_object_id_status_id" to table: "outbox_events"
CREATE INDEX `outboxevent_object_id_status_id` ON `outbox_events` (`object_id`, `status`, `id`);
-- Create index "outboxevent_client_id_id" to table: "outbox_events"
CREATE INDEX `outboxevent_client_id_id` ON `outbox_events` (`client_id`, `id`);
-- Create "invitation_roles" table
CREATE TABLE `invitation_roles` (`invitation_id` text NOT NULL, `role_id` text NOT NULL, PRIMARY KEY (`invitation_id`, `role_id`), CONSTRAINT `invitation_roles_invitation_id` FOREIGN KEY (`invitation_id`) REFERENCES `invitations` (`id`) ON DELETE CASCADE, CONSTRAINT `invitation_roles_role_id` FOREIGN KEY (`role_id`) REFERENCES `roles` (`id`) ON DELETE CASCADE);
-- Create index "invitation_roles_role_id" to table: "invitation_roles"
CREATE INDEX `invitation_roles_role_id` ON `invitation_roles` (`role_id`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
