-- Create index "accessgrant_client_id_level_expires_at_application_id" to table: "access_grants"
CREATE INDEX `accessgrant_client_id_level_expires_at_application_id` ON `access_grants` (`client_id`, `level`, `expires_at`, `application_id`);
-- Create index "membership_roles_role_id" to table: "membership_roles"
CREATE INDEX `membership_roles_role_id` ON `membership_roles` (`role_id`);
-- Create index "role_permissions_permission_id" to table: "role_permissions"
CREATE INDEX `role_permissions_permission_id` ON `role_permissions` (`permission_id`);
-- Create index "role_sub_roles_sub_role_id" to table: "role_sub_roles"
CREATE INDEX `role_sub_roles_sub_role_id` ON `role_sub_roles` (`sub_role_id`);
-- Create index "package_roles_role_id" to table: "package_roles"
CREATE INDEX `package_roles_role_id` ON `package_roles` (`role_id`);
