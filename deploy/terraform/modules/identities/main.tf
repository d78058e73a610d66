# One account for each component; none has a key.
resource "google_service_account" "this" {
  for_each = local.accounts

  account_id   = "${var.name}-${each.key}"
  display_name = "MusicFlow ${each.key}"
  description  = each.value
}

# What an account may do is written in deploy/gcp/roles, where a test holds it to what the code asks.
resource "google_project_iam_custom_role" "this" {
  for_each = local.roles

  role_id     = local.role_ids[each.key]
  title       = each.value.title
  description = each.value.description
  stage       = each.value.stage
  permissions = each.value.includedPermissions
}

locals {
  roles = {
    for file in fileset(var.roles_folder, "*.yaml") :
    trimsuffix(file, ".yaml") => yamldecode(file("${var.roles_folder}/${file}"))
  }

  # `builder_jobs` becomes musicflowBuilderJobs; a role's id knows no hyphens.
  role_ids = {
    for key in keys(local.roles) :
    key => join("", concat([replace(var.name, "-", "_")], [for word in split("_", key) : title(word)]))
  }
}
