output "settings" {
  description = "Environment of every station (docs/settings.md); secrets are named by `secrets`. Kafka is in it where no password is asked for."
  value       = module.settings.everybody
}

output "landing_settings" {
  description = "Environment of landing: the same, and how it reaches Kafka."
  value       = module.settings.landing
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

    # Kafka's connector, of the version of Dataproc's Spark; landing's packages for its Python.
    properties      = { "spark.jars.packages" = "org.apache.spark:spark-sql-kafka-0-10_2.13:${var.dataproc_spark_version}" }
    archive         = local.has_cluster ? "${module.lake.package}/python.tar.gz" : ""
    container_image = local.has_cluster || var.dataproc_container_image == null ? "" : var.dataproc_container_image

    environment = merge(
      { for name, value in module.settings.kafka : name => value if startswith(name, "KAFKA_S") },
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
