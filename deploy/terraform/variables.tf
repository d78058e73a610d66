# ---------------------------------------------------------------- where

variable "project" {
  description = "The project that everything is in."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "Give the project's id, such as my-project: 6 to 30 small letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of machines, Kafka and Postgres; within `location`, so that nothing crosses the sea."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Give a region such as europe-west1."
  }
}

variable "zone" {
  description = "Zone of Dagster's machine (`dagster_on = \"vm\"`); null: zone b of the region."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.zone == null || can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", coalesce(var.zone, "-")))
    error_message = "Give a zone such as europe-west1-b."
  }
}

variable "location" {
  description = "Location of the bucket and of BigQuery's datasets, which must be the same: EU, US or a region."
  type        = string

  validation {
    condition     = contains(["EU", "US"], var.location) || can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "Give EU, US or a region such as europe-west1."
  }
}

variable "name" {
  description = "What the names of all resources begin with; another one for each platform in a project."
  type        = string
  default     = "musicflow"

  validation {
    # An account's id has 30 characters at most, of which `-dashboard` takes ten.
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "3 to 20 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "labels" {
  description = "More labels for all resources that take any, such as who pays."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Labels are small letters, digits, hyphens and underscores, 63 at most."
  }
}

# ---------------------------------------------------------------- network

variable "subnet_range" {
  description = "Private addresses of machines."
  type        = string
  default     = "10.10.0.0/20"

  validation {
    condition     = can(cidrnetmask(var.subnet_range))
    error_message = "Give a range such as 10.10.0.0/20."
  }
}

variable "pods_range" {
  description = "Private addresses of GKE's pods."
  type        = string
  default     = "10.20.0.0/17"

  validation {
    condition     = can(cidrnetmask(var.pods_range))
    error_message = "Give a range such as 10.20.0.0/17."
  }
}

variable "services_range" {
  description = "Private addresses of GKE's services."
  type        = string
  default     = "10.21.0.0/22"

  validation {
    condition     = can(cidrnetmask(var.services_range))
    error_message = "Give a range such as 10.21.0.0/22."
  }
}

# ---------------------------------------------------------------- data

variable "kms_key" {
  description = "Key of Cloud KMS for the bucket and BigQuery, in `location`; null: Google's own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/.+/locations/.+/keyRings/.+/cryptoKeys/[^/]+$", coalesce(var.kms_key, "-")))
    error_message = "Give projects/…/locations/…/keyRings/…/cryptoKeys/…."
  }
}

variable "regional_kms_key" {
  description = "Key of Cloud KMS for Kafka, Postgres, secrets, images and disks, in `region`; null: Google's own keys."
  type        = string
  default     = null

  validation {
    condition     = var.regional_kms_key == null || can(regex("^projects/.+/locations/.+/keyRings/.+/cryptoKeys/[^/]+$", coalesce(var.regional_kms_key, "-")))
    error_message = "Give projects/…/locations/…/keyRings/…/cryptoKeys/…."
  }
}

variable "bucket" {
  description = "Name of the lake's bucket; null: project and name."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null || can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", coalesce(var.bucket, "-")))
    error_message = "3 to 63 small letters, digits, hyphens and underscores."
  }
}

variable "noncurrent_days" {
  description = "Days that a deleted object of the lake can be brought back; an erased user is gone only after them."
  type        = number
  default     = 7

  validation {
    condition     = var.noncurrent_days >= 1 && var.noncurrent_days <= 30
    error_message = "1 to 30 days: an erasure has to end within a month."
  }
}

variable "dataset_prefix" {
  description = "MUSICFLOW_DATASET_PREFIX: what the names of the datasets begin with."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9_]{0,900}$", var.dataset_prefix))
    error_message = "Letters, digits and underscores."
  }
}

variable "partition_days" {
  description = "Days that partitions of new tables are kept, by dataset. Raw has one for each hour, 10,000 at most: 13 months. What expired cannot be rebuilt (docs/bigquery.md)."
  type        = map(number)
  default     = { raw = 400 }

  validation {
    condition = alltrue([
      for layer, days in var.partition_days :
      contains(["raw", "staging", "marts", "reporting"], layer) && days >= 1 && (layer != "raw" || days <= 416)
    ])
    error_message = "Datasets raw, staging, marts, reporting; at least a day; raw 416 days at most, which are 10,000 hours."
  }
}

variable "time_travel_hours" {
  description = "Hours that rows which BigQuery deleted can still be asked for; an erased user is gone only after them."
  type        = number
  default     = 48

  validation {
    condition     = var.time_travel_hours >= 48 && var.time_travel_hours <= 168 && var.time_travel_hours % 24 == 0
    error_message = "48 to 168 hours, whole days."
  }
}

# ---------------------------------------------------------------- Kafka

variable "kafka_bootstrap_servers" {
  description = "Addresses of a Kafka that stands, host:port,host:port; null: Google's Managed Service for Apache Kafka is made."
  type        = string
  default     = null

  validation {
    condition     = var.kafka_bootstrap_servers == null || can(regex("^[^:,\\s]+:[0-9]+(,[^:,\\s]+:[0-9]+)*$", coalesce(var.kafka_bootstrap_servers, "-")))
    error_message = "Give host:port,host:port."
  }
}

variable "kafka_has_passwords" {
  description = "Whether the Kafka that stands asks for users and passwords, as Google's always does; landing's and eventsim's passwords are secrets then."
  type        = bool
  default     = true
}

variable "kafka_has_tls" {
  description = "Whether connections to the Kafka that stands are encrypted, as to Google's; an authority that the system knows must have signed its certificate."
  type        = bool
  default     = true
}

variable "kafka_sasl_mechanism" {
  description = "How users prove themselves to the Kafka that stands: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."
  type        = string
  default     = "SCRAM-SHA-512"

  validation {
    condition     = contains(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], var.kafka_sasl_mechanism)
    error_message = "Give PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."
  }
}

variable "kafka_user" {
  description = "Landing's user of the Kafka that stands, by default as deploy/kafka/acls.toml names it."
  type        = string
  default     = "landing"

  validation {
    condition     = can(regex("^[^\\s\"]+$", var.kafka_user))
    error_message = "Give a name without spaces and quotes."
  }
}

variable "kafka_cpus" {
  description = "Virtual CPUs of the managed Kafka's brokers together."
  type        = number
  default     = 3

  validation {
    condition     = var.kafka_cpus >= 3 && floor(var.kafka_cpus) == var.kafka_cpus
    error_message = "A whole number, 3 at least."
  }
}

variable "kafka_memory_gib" {
  description = "Their memory together, GiB: one to eight a CPU."
  type        = number
  default     = 12

  validation {
    condition     = var.kafka_memory_gib >= 3 && floor(var.kafka_memory_gib) == var.kafka_memory_gib
    error_message = "A whole number, one to eight a CPU."
  }
}

variable "kafka_partitions" {
  description = "Partitions of each topic: landing's parallelism (docs/cloud.md)."
  type        = number
  default     = 4

  validation {
    condition     = var.kafka_partitions >= 1 && floor(var.kafka_partitions) == var.kafka_partitions
    error_message = "A whole number, 1 at least."
  }
}

variable "kafka_retention_hours" {
  description = "Hours that the managed Kafka keeps messages: how long landing may be down, and how long an erased user stays there."
  type        = number
  default     = 168

  validation {
    condition     = var.kafka_retention_hours >= 1 && var.kafka_retention_hours <= 720
    error_message = "1 to 720 hours: an erasure has to end within a month."
  }
}

# ---------------------------------------------------------------- landing

variable "landing_on" {
  description = "Where landing runs: `dataproc` (a cluster or batches, started by Dagster), `gke` (a pod beside Dagster's) or `elsewhere`."
  type        = string
  default     = "dataproc"

  validation {
    condition     = contains(["dataproc", "gke", "elsewhere"], var.landing_on)
    error_message = "Give dataproc, gke or elsewhere."
  }
}

variable "dataproc_cluster" {
  description = "Whether Dataproc has a cluster, for a landing that goes on for ever; otherwise each landing is a batch."
  type        = bool
  default     = true
}

variable "dataproc_image_version" {
  description = "Dataproc's image; its Spark must be 4.0 or later."
  type        = string
  default     = "3.0-debian12"

  validation {
    condition     = can(regex("^[3-9]\\.[0-9]+(\\.[0-9]+)?-[a-z]+[0-9]+$", var.dataproc_image_version))
    error_message = "Give a version such as 3.0-debian12; the Spark of 2.x is too old."
  }
}

variable "dataproc_spark_version" {
  description = "The Spark of Dataproc's image or of a batch's runtime; Kafka's connector of the same version is fetched from Maven Central."
  type        = string
  default     = "4.0.0"

  validation {
    condition     = can(regex("^[4-9]\\.[0-9]+\\.[0-9]+$", var.dataproc_spark_version))
    error_message = "Give a version such as 4.0.0; it must be 4.0 or later."
  }
}

variable "dataproc_container_image" {
  description = "Of batches: an image with landing's Python packages (docs/cloud.md), by tag or digest; null: none."
  type        = string
  default     = null

  validation {
    condition     = var.dataproc_container_image == null || can(regex("^[a-z0-9.-]+/.+[:@].+$", coalesce(var.dataproc_container_image, "-")))
    error_message = "Give the image with its tag or digest: REGION-docker.pkg.dev/PROJECT/REPOSITORY/landing-batch:1."
  }
}

variable "dataproc_machine_type" {
  description = "Type of the cluster's machines."
  type        = string
  default     = "n2-standard-4"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*-[a-z0-9-]+$", var.dataproc_machine_type))
    error_message = "Give a type such as n2-standard-4."
  }
}

variable "dataproc_workers" {
  description = "Machines that the cluster always has."
  type        = number
  default     = 2

  validation {
    condition     = var.dataproc_workers >= 2
    error_message = "2 at least."
  }
}

variable "dataproc_most_more_workers" {
  description = "Machines that the autoscaling policy may add."
  type        = number
  default     = 4

  validation {
    condition     = var.dataproc_most_more_workers >= 0 && var.dataproc_most_more_workers <= 100
    error_message = "0 to 100."
  }
}

# ---------------------------------------------------------------- Dagster

variable "dagster_on" {
  description = "Where Dagster runs: `gke` (a private Autopilot cluster), `vm` (one machine), or `elsewhere`, such as Dagster+."
  type        = string
  default     = "vm"

  validation {
    condition     = contains(["gke", "vm", "elsewhere"], var.dagster_on)
    error_message = "Give gke, vm or elsewhere."
  }
}

variable "dagster_image" {
  description = "Dagster's image by its digest, …/dagster@sha256:…; needed where Dagster runs here."
  type        = string
  default     = null

  validation {
    condition     = var.dagster_image == null || can(regex("^[a-z0-9.-]+/.+@sha256:[0-9a-f]{64}$", coalesce(var.dagster_image, "-")))
    error_message = "Give the image by its digest: REGION-docker.pkg.dev/PROJECT/REPOSITORY/dagster@sha256:…."
  }
}

variable "landing_image" {
  description = "Landing's image by its digest; needed with `landing_on = \"gke\"`."
  type        = string
  default     = null

  validation {
    condition     = var.landing_image == null || can(regex("^[a-z0-9.-]+/.+@sha256:[0-9a-f]{64}$", coalesce(var.landing_image, "-")))
    error_message = "Give the image by its digest: REGION-docker.pkg.dev/PROJECT/REPOSITORY/landing@sha256:…."
  }
}

variable "dashboard_image" {
  description = "The dashboard's image by its digest, which then runs on GKE; null: it does not."
  type        = string
  default     = null

  validation {
    condition     = var.dashboard_image == null || can(regex("^[a-z0-9.-]+/.+@sha256:[0-9a-f]{64}$", coalesce(var.dashboard_image, "-")))
    error_message = "Give the image by its digest: REGION-docker.pkg.dev/PROJECT/REPOSITORY/dashboard@sha256:…."
  }
}

variable "dagster_machine_type" {
  description = "Type of Dagster's machine."
  type        = string
  default     = "e2-standard-4"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*-[a-z0-9-]+$", var.dagster_machine_type))
    error_message = "Give a type such as e2-standard-4."
  }
}

variable "dagster_changes_lake" {
  description = "Whether Dagster's account may write to the lake: replay rejects, expire hours, erase users."
  type        = bool
  default     = false
}

variable "has_serving" {
  description = "Whether landing keeps counts of the last minutes in Postgres (docs/serving.md); their addresses are secrets then."
  type        = bool
  default     = true
}

variable "postgres_tier" {
  description = "Size of the Postgres of Dagster and of what is served."
  type        = string
  default     = "db-custom-1-3840"

  validation {
    condition     = can(regex("^db-[a-z0-9-]+$", var.postgres_tier))
    error_message = "Give a tier such as db-custom-1-3840."
  }
}

variable "postgres_is_regional" {
  description = "Whether a second Postgres in another zone takes over when the first fails."
  type        = bool
  default     = false
}

# ---------------------------------------------------------------- people

variable "tunnel_members" {
  description = "Who may reach Dagster's machine through the Identity-Aware Proxy: user:…, group:…."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.tunnel_members : can(regex("^(user|group):[^@]+@[^@]+$", each))])
    error_message = "Give user:… and group:… alone."
  }
}

variable "alert_emails" {
  description = "Addresses that alerts and the budget are told to."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.alert_emails : can(regex("^[^@]+@[^@]+$", each))])
    error_message = "Give addresses of mail."
  }
}

variable "has_alert_webhook" {
  description = "Whether landing and Dagster post alerts themselves (MUSICFLOW_ALERT_WEBHOOK); its address is a secret then."
  type        = bool
  default     = false
}

variable "notification_channels" {
  description = "Ids of notification channels that stand already, such as a pager's; they are told too."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", each))])
    error_message = "Give projects/…/notificationChannels/…."
  }
}

variable "runbook" {
  description = "Where docs/runbook.md can be read; alerts link to it."
  type        = string

  validation {
    condition     = can(regex("^https://", var.runbook))
    error_message = "Give an address that begins with https://."
  }
}

variable "late_seconds" {
  description = "Lag behind Kafka, seconds, that is told; as MUSICFLOW_STALE_MINUTES by default."
  type        = number
  default     = 1800

  validation {
    condition     = var.late_seconds >= 60
    error_message = "60 seconds at least."
  }
}

variable "silent_minutes" {
  description = "Minutes without a committed batch after which landing counts as gone."
  type        = number
  default     = 20

  validation {
    condition     = var.silent_minutes >= 5 && var.silent_minutes <= 1440
    error_message = "5 to 1440 minutes."
  }
}

variable "unbuilt_minutes" {
  description = "Minutes without a run of Dagster's that went well after which the warehouse counts as stale."
  type        = number
  default     = 180

  validation {
    condition     = var.unbuilt_minutes >= 60 && var.unbuilt_minutes <= 1440
    error_message = "60 to 1440 minutes."
  }
}

variable "billing_account" {
  description = "The billing account, XXXXXX-XXXXXX-XXXXXX, for the budget; null: no budget."
  type        = string
  default     = null

  validation {
    condition     = var.billing_account == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", coalesce(var.billing_account, "-")))
    error_message = "Give XXXXXX-XXXXXX-XXXXXX."
  }
}

variable "monthly_budget" {
  description = "What a month may cost, in the billing account's currency; told at 50 %, 90 %, 100 % and when 100 % are foreseen."
  type        = number
  default     = 1000

  validation {
    condition     = var.monthly_budget >= 1
    error_message = "1 at least."
  }
}
