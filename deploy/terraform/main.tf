locals {
  labels             = merge({ app = "musicflow" }, var.labels)
  zone               = coalesce(var.zone, "${var.region}-b")
  uses_managed_kafka = var.kafka_bootstrap_servers == null
  kafka              = local.uses_managed_kafka ? module.kafka[0].bootstrap_servers : var.kafka_bootstrap_servers
  has_passwords      = local.uses_managed_kafka || var.kafka_has_passwords
  has_cluster        = var.landing_on == "dataproc" && var.dataproc_cluster

  # A secret that is not used is not made: whoever may read one waits for its value.
  secrets = merge(
    {
      pseudonym-key        = "MUSICFLOW_PSEUDONYM_KEY: a lost one needs a new warehouse."
      suppression-key      = "MUSICFLOW_SUPPRESSION_KEY: a lost one lets erased users come back."
      dagster-postgres-url = "MUSICFLOW_DAGSTER_POSTGRES_URL: Dagster's own database."
      dashboard-password   = "MUSICFLOW_DASHBOARD_PASSWORD." # pragma: allowlist secret
    },
    local.has_passwords ? {
      kafka-password-landing  = "KAFKA_SASL_PASSWORD of landing."
      kafka-password-eventsim = "KAFKA_SASL_PASSWORD of eventsim, where one sends to this Kafka."
    } : {},
    var.has_alert_webhook ? {
      alert-webhook = "MUSICFLOW_ALERT_WEBHOOK."
    } : {},
    var.has_serving ? {
      serving-postgres-url   = "POSTGRES_URL of landing, which writes what is served."
      dashboard-postgres-url = "POSTGRES_URL of the dashboard, which only reads."
    } : {},
  )

  # The variable that each secret is given by, to those who may read it; always as a file.
  variables_of_secrets = {
    dagster = merge(
      {
        MUSICFLOW_PSEUDONYM_KEY   = "pseudonym-key"
        MUSICFLOW_SUPPRESSION_KEY = "suppression-key"
        MUSICFLOW_ALERT_WEBHOOK   = "alert-webhook"
      },
      # It erases users there, which takes the lake too.
      var.dagster_changes_lake ? { POSTGRES_URL = "serving-postgres-url" } : {},
    )
    landing = {
      KAFKA_SASL_PASSWORD       = "kafka-password-landing" # pragma: allowlist secret
      MUSICFLOW_SUPPRESSION_KEY = "suppression-key"
      MUSICFLOW_ALERT_WEBHOOK   = "alert-webhook"
      POSTGRES_URL              = "serving-postgres-url"
    }
    dashboard = {
      MUSICFLOW_DASHBOARD_PASSWORD = "dashboard-password" # pragma: allowlist secret
      POSTGRES_URL                 = "dashboard-postgres-url"
    }
  }

  # Names in Secret Manager, by component and variable.
  secrets_of = {
    for component, variables in local.variables_of_secrets : component => {
      for variable, secret in variables : variable => module.secrets.ids[secret]
      if contains(keys(local.secrets), secret)
    }
  }
}

module "network" {
  source = "./modules/network"

  name           = var.name
  region         = var.region
  subnet_range   = var.subnet_range
  pods_range     = var.pods_range
  services_range = var.services_range
  has_batches    = var.landing_on == "dataproc" && !var.dataproc_cluster

  depends_on = [google_project_service.this]
}

module "lake" {
  source = "./modules/lake"

  bucket          = coalesce(var.bucket, "${var.project}-${var.name}")
  location        = var.location
  kms_key         = var.kms_key
  noncurrent_days = var.noncurrent_days

  depends_on = [google_project_service.this]
}

module "warehouse" {
  source = "./modules/warehouse"

  prefix            = var.dataset_prefix
  location          = var.location
  partition_days    = var.partition_days
  time_travel_hours = var.time_travel_hours
  kms_key           = var.kms_key

  depends_on = [google_project_service.this]
}

module "secrets" {
  source = "./modules/secrets"

  name    = var.name
  project = var.project
  region  = var.region
  secrets = local.secrets
  kms_key = var.regional_kms_key

  depends_on = [google_project_service.this]
}

module "identities" {
  source = "./modules/identities"

  name                 = var.name
  project              = var.project
  roles_folder         = abspath("${path.root}/../gcp/roles")
  bucket               = module.lake.bucket
  datasets             = module.warehouse.datasets
  secrets              = module.secrets.ids
  uses_managed_kafka   = local.uses_managed_kafka
  uses_dataproc        = var.landing_on == "dataproc"
  uses_vm              = var.dagster_on == "vm"
  dagster_changes_lake = var.dagster_changes_lake

  depends_on = [google_project_service.this]
}

module "kafka" {
  source = "./modules/kafka"
  count  = local.uses_managed_kafka ? 1 : 0

  name            = var.name
  project         = var.project
  region          = var.region
  subnetwork      = module.network.subnetwork
  cpus            = var.kafka_cpus
  memory_gib      = var.kafka_memory_gib
  partitions      = var.kafka_partitions
  retention_hours = var.kafka_retention_hours
  landing         = module.identities.emails["landing"]
  eventsim        = module.identities.emails["eventsim"]
  kms_key         = var.regional_kms_key

  depends_on = [google_project_service.this]
}

# What stations are told (docs/settings.md); no secrets.
module "settings" {
  source = "./modules/settings"

  project          = var.project
  location         = var.location
  dataset_prefix   = var.dataset_prefix
  lake             = module.lake.lake
  checkpoints      = module.lake.checkpoints
  dataproc_region  = var.landing_on == "dataproc" ? var.region : null
  dataproc_cluster = one(module.dataproc[*].cluster)

  kafka                = local.kafka
  uses_managed_kafka   = local.uses_managed_kafka
  kafka_has_passwords  = var.kafka_has_passwords
  kafka_has_tls        = var.kafka_has_tls
  kafka_sasl_mechanism = var.kafka_sasl_mechanism
  kafka_user           = local.uses_managed_kafka ? module.identities.emails["landing"] : var.kafka_user
}

module "images" {
  source = "./modules/images"

  name    = var.name
  project = var.project
  region  = var.region
  kms_key = var.regional_kms_key

  readers = merge(
    var.landing_on == "dataproc" ? { landing = module.identities.members["landing"] } : {},
    var.dagster_on == "vm" ? { dagster = module.identities.members["dagster"] } : {},
    var.dagster_on == "gke" ? { nodes = module.gke[0].nodes_member } : {},
  )

  depends_on = [google_project_service.this]
}

module "dataproc" {
  source = "./modules/dataproc"
  count  = local.has_cluster ? 1 : 0

  name              = var.name
  project           = var.project
  region            = var.region
  subnetwork        = module.network.subnetwork
  tags              = [module.network.tags["cluster"]]
  account           = module.identities.emails["landing"]
  image_version     = var.dataproc_image_version
  machine_type      = var.dataproc_machine_type
  workers           = var.dataproc_workers
  most_more_workers = var.dataproc_most_more_workers
  secrets           = values(local.secrets_of["landing"])
  kms_key           = var.regional_kms_key

  # Its machines need their grants as soon as they start.
  depends_on = [google_project_service.this, module.identities]
}

module "postgres" {
  source = "./modules/postgres"

  name        = var.name
  region      = var.region
  network     = module.network.network
  tier        = var.postgres_tier
  is_regional = var.postgres_is_regional
  databases   = var.has_serving ? ["dagster", "serving"] : ["dagster"]
  kms_key     = var.regional_kms_key

  depends_on = [google_project_service.this]
}

module "gke" {
  source = "./modules/gke"
  count  = var.dagster_on == "gke" ? 1 : 0

  name        = var.name
  project     = var.project
  region      = var.region
  network     = module.network.network
  subnetwork  = module.network.subnetwork
  range_names = module.network.range_names
  namespace   = "musicflow"
  accounts    = module.identities.names
  emails      = module.identities.emails
  settings    = module.settings.everybody
  secrets_of  = local.secrets_of
  instance    = file("${path.root}/../dagster/dagster.yaml")
  kms_key     = var.regional_kms_key

  images = {
    dagster   = var.dagster_image
    dashboard = var.dashboard_image
    landing   = var.landing_on == "gke" ? var.landing_image : null
  }
  landing_settings     = module.settings.kafka
  dagster_postgres_url = module.secrets.ids["dagster-postgres-url"]

  depends_on = [google_project_service.this]
}

module "vm" {
  source = "./modules/vm"
  count  = var.dagster_on == "vm" ? 1 : 0

  name         = "${var.name}-dagster"
  project      = var.project
  zone         = local.zone
  subnetwork   = module.network.subnetwork
  tags         = [module.network.tags["tunnel"]]
  account      = module.identities.emails["dagster"]
  machine_type = var.dagster_machine_type
  image        = var.dagster_image
  registry     = "${var.region}-docker.pkg.dev"
  settings     = module.settings.everybody
  instance     = file("${path.root}/../dagster/dagster.yaml")
  kms_key      = var.regional_kms_key

  dagster_postgres_url = module.secrets.ids["dagster-postgres-url"]

  secrets = local.secrets_of["dagster"]

  # It fetches its secrets when it starts.
  depends_on = [google_project_service.this, module.identities, module.images]
}

# People reach the machine through the Identity-Aware Proxy, which asks who they are.
resource "google_project_iam_member" "tunnel" {
  for_each = var.dagster_on == "vm" ? var.tunnel_members : []

  project = var.project
  role    = "roles/iap.tunnelResourceAccessor"
  member  = each.value

  condition {
    title      = "dagster"
    expression = "destination.port in [22, 3000]"
  }
}

module "alerts" {
  source = "./modules/alerts"

  name            = var.name
  emails          = var.alert_emails
  more_channels   = var.notification_channels
  runbook         = var.runbook
  late_seconds    = var.late_seconds
  silent_minutes  = var.silent_minutes
  unbuilt_minutes = var.unbuilt_minutes

  depends_on = [google_project_service.this]
}

module "budget" {
  source = "./modules/budget"
  count  = var.billing_account == null ? 0 : 1

  name            = var.name
  billing_account = var.billing_account
  project         = var.project
  monthly_amount  = var.monthly_budget
  # A budget takes five channels at most.
  notification_channels = slice(module.alerts.channels, 0, min(5, length(module.alerts.channels)))

  depends_on = [google_project_service.this]
}
