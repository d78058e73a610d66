locals {
  members = { for key, account in google_service_account.this : key => account.member }

  role_names = merge(
    { for key, role in google_project_iam_custom_role.this : key => role.id },
    { for role in distinct(flatten(values(local.on_project))) : role => role if strcontains(role, "/") },
  )

  project_grants = merge([
    for account, roles in local.on_project :
    { for role in roles : "${account} ${role}" => { account = account, role = role } }
  ]...)

  bucket_grants = merge([
    for account, roles in local.on_bucket :
    { for role in roles : "${account} ${role}" => { account = account, role = role } }
  ]...)

  dataset_grants = merge(flatten([
    for account, roles in local.on_datasets : [
      for role, layers in roles :
      { for layer in layers : "${account} ${role} ${layer}" => { account = account, role = role, layer = layer } }
    ]
  ])...)

  secret_grants = merge([
    for account, secrets in local.on_secrets :
    {
      for secret in secrets : "${account} ${secret}" => { account = account, secret = secret }
      if contains(keys(var.secrets), secret)
    }
  ]...)
}

resource "google_project_iam_member" "this" {
  for_each = local.project_grants

  project = var.project
  role    = local.role_names[each.value.role]
  member  = local.members[each.value.account]
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.bucket_grants

  bucket = var.bucket
  role   = local.role_names[each.value.role]
  member = local.members[each.value.account]
}

# The dashboard reads how landing is doing: the lake's small records, and no event.
resource "google_storage_bucket_iam_member" "records" {
  bucket = var.bucket
  role   = local.role_names["lake_reader"]
  member = local.members["dashboard"]

  condition {
    title       = "records"
    description = "Records of the lake; of all else the names alone."
    expression  = join(" || ", concat(["resource.type == \"storage.googleapis.com/Bucket\""], [for each in local.records : "(${each})"]))
  }
}

resource "google_bigquery_dataset_iam_member" "this" {
  for_each = local.dataset_grants

  dataset_id = var.datasets[each.value.layer]
  role       = local.role_names[each.value.role]
  member     = local.members[each.value.account]
}

resource "google_secret_manager_secret_iam_member" "this" {
  for_each = local.secret_grants

  secret_id = var.secrets[each.value.secret]
  role      = "roles/secretmanager.secretAccessor"
  member    = local.members[each.value.account]
}

# Whoever starts a job on Dataproc must be allowed to let it run as landing.
resource "google_service_account_iam_member" "dagster_starts_landing" {
  count = var.uses_dataproc ? 1 : 0

  service_account_id = google_service_account.this["landing"].name
  role               = "roles/iam.serviceAccountUser"
  member             = local.members["dagster"]
}
