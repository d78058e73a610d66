output "settings" {
  description = "Environment of every station (docs/settings.md); secrets are named by `secrets`."
  value       = local.settings
}

output "secrets" {
  description = "Names in Secret Manager: add values with `gcloud secrets versions add NAME --data-file=-`."
  value       = module.secrets.ids
}

output "accounts" {
  description = "Addresses of the accounts, by component."
  value       = module.identities.emails
}

output "land_on_dataproc" {
  description = "Configuration of Dagster's job of that name: `ops.land.config`."
  value = {
    package         = module.lake.package
    checkpoints     = module.lake.checkpoints
    kafka           = local.kafka
    once            = !local.has_cluster
    service_account = module.identities.emails["landing"]
    subnetwork      = module.network.subnetwork

    environment = merge(
      { for name, value in local.settings : name => value if startswith(name, "KAFKA_S") },
      local.uses_managed_kafka ? { KAFKA_SASL_USERNAME = module.identities.emails["landing"] } : {},
      # On a cluster secrets are files; a batch has to bring its own (docs/terraform.md).
      local.has_cluster ? {
        for name, secret in local.secrets_of["landing"] :
        "${name}_FILE" => "${module.dataproc[0].secrets_folder}/${secret}"
      } : {},
    )
  }
}

output "images" {
  description = "What the names of images begin with."
  value       = module.images.repository
}

output "postgres" {
  description = "Instance and private address of Postgres."
  value       = { instance = module.postgres.instance, address = module.postgres.address }
}

output "workloads" {
  description = "With `dagster_on = \"gke\"`: Kubernetes' objects, for `kubectl apply -f -`."
  value       = one(module.gke[*].workloads)

  precondition {
    condition     = var.landing_on != "gke" || (var.dagster_on == "gke" && var.landing_image != null)
    error_message = "Landing on GKE needs dagster_on = \"gke\" and landing_image."
  }

  precondition {
    condition     = var.dagster_on == "elsewhere" || var.dagster_image != null
    error_message = "Dagster needs dagster_image, an image by its digest; push one first (docs/terraform.md)."
  }
}

output "dagster" {
  description = "How people get to Dagster."
  value = (
    var.dagster_on == "gke" ? "gcloud container clusters get-credentials ${module.gke[0].cluster} --region=${var.region} --project=${var.project} --dns-endpoint" :
    var.dagster_on == "vm" ? "gcloud compute start-iap-tunnel ${module.vm[0].name} 3000 --local-host-port=localhost:3000 --zone=${module.vm[0].zone} --project=${var.project}" :
    "elsewhere"
  )
}

output "budget" {
  description = "Name of the budget, if there is one."
  value       = one(module.budget[*].budget)
}
