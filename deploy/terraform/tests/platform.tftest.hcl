# Plans of the whole with a provider that only plays Google: terraform init -backend=false, then
# terraform test. It needs Terraform 1.7 and the provider from its registry, but no account.
mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }

  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/a-project/serviceAccounts/somebody@a-project.iam.gserviceaccount.com"
      email  = "somebody@a-project.iam.gserviceaccount.com"
      member = "serviceAccount:somebody@a-project.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_monitoring_notification_channel" {
    defaults = { id = "projects/a-project/notificationChannels/1" }
  }

  mock_resource "google_compute_network" {
    defaults = { id = "projects/a-project/global/networks/musicflow" }
  }

  mock_resource "google_compute_subnetwork" {
    defaults = { id = "projects/a-project/regions/europe-west1/subnetworks/musicflow" }
  }

  mock_resource "google_project_iam_custom_role" {
    defaults = { id = "projects/a-project/roles/some" }
  }
}

variables {
  project       = "a-project"
  region        = "europe-west1"
  location      = "EU"
  runbook       = "https://example.com/runbook.md"
  dagster_image = "europe-west1-docker.pkg.dev/a-project/musicflow/dagster@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  alert_emails  = ["data@example.com"]
}

run "on_a_machine_with_dataproc_and_kafka_of_googles" {
  command = plan

  variables {
    billing_account = "000000-AAAAAA-111111"
    tunnel_members  = ["group:data@example.com"]
  }

  assert {
    condition     = output.landing_settings.KAFKA_BOOTSTRAP_SERVERS == "bootstrap.musicflow.europe-west1.managedkafka.a-project.cloud.goog:9092"
    error_message = "The managed Kafka's address is not what landing is told."
  }

  assert {
    condition     = !contains(keys(output.settings), "KAFKA_SECURITY_PROTOCOL")
    error_message = "Stations without a user of Kafka should not be told of it."
  }

  assert {
    condition     = output.settings.MUSICFLOW_DATAPROC_CLUSTER == "musicflow" && !output.land_on_dataproc.once
    error_message = "Landing should go on for ever on the cluster."
  }

  assert {
    condition     = length(module.vm) == 1 && length(module.gke) == 0 && length(module.budget) == 1
    error_message = "A machine, a budget and no GKE were asked for."
  }
}

run "on_gke_with_batches_and_a_kafka_that_stands" {
  command = plan

  variables {
    dagster_on              = "gke"
    dashboard_image         = "europe-west1-docker.pkg.dev/a-project/musicflow/dashboard@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    dataproc_cluster        = false
    kafka_bootstrap_servers = "kafka-1:9093,kafka-2:9093"
  }

  assert {
    condition     = output.landing_settings.KAFKA_BOOTSTRAP_SERVERS == "kafka-1:9093,kafka-2:9093" && length(module.kafka) == 0
    error_message = "The Kafka that stands should be used."
  }

  assert {
    condition     = output.land_on_dataproc.environment.KAFKA_SASL_USERNAME == "landing" && output.land_on_dataproc.environment.KAFKA_SECURITY_PROTOCOL == "SASL_SSL"
    error_message = "Landing should have a user of it."
  }

  assert {
    condition     = length(module.dataproc) == 0 && output.land_on_dataproc.once && output.settings.MUSICFLOW_DATAPROC_REGION == "europe-west1"
    error_message = "Landing should be a batch."
  }

  assert {
    condition     = length(module.gke) == 1 && length(module.vm) == 0 && output.budget == null
    error_message = "GKE and neither a machine nor a budget were asked for."
  }
}

run "with_keys_of_the_projects_own" {
  command = plan

  variables {
    kms_key          = "projects/a-project/locations/eu/keyRings/musicflow/cryptoKeys/data"
    regional_kms_key = "projects/a-project/locations/europe-west1/keyRings/musicflow/cryptoKeys/machines"
  }
}

run "elsewhere_and_by_itself" {
  command = plan

  variables {
    dagster_on = "elsewhere"
    landing_on = "elsewhere"
  }

  assert {
    condition     = !contains(keys(output.settings), "MUSICFLOW_DATAPROC_REGION") && output.dagster == "elsewhere"
    error_message = "Neither Dataproc nor Dagster should be there."
  }
}

run "landing_on_gke" {
  command = plan

  variables {
    dagster_on    = "gke"
    landing_on    = "gke"
    landing_image = "europe-west1-docker.pkg.dev/a-project/musicflow/landing@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = strcontains(output.workloads, "name: landing")
    error_message = "Landing should run as a pod."
  }
}

run "landing_on_gke_without_gke" {
  command = plan

  variables {
    landing_on = "gke"
  }

  expect_failures = [output.workloads]
}

run "a_machine_without_an_image" {
  command = plan

  variables {
    dagster_image = null
  }

  expect_failures = [output.workloads]
}

# The first apply of docs/terraform.md: what has to be there before images and secrets can come.
run "what_comes_first" {
  command = plan

  plan_options {
    target = [module.images, module.secrets, module.identities, module.postgres]
  }

  variables {
    dagster_image = null
  }

  assert {
    condition     = length(output.secrets) == 8
    error_message = "The places of all secrets should be made."
  }
}

run "passwords_taken_in_an_unknown_way" {
  command = plan

  variables {
    kafka_bootstrap_servers = "kafka-1:9093"
    kafka_sasl_mechanism    = "OAUTHBEARER"
  }

  expect_failures = [var.kafka_sasl_mechanism]
}

run "a_region_that_is_none" {
  command = plan

  variables {
    region = "Europe"
  }

  expect_failures = [var.region]
}

run "raw_kept_longer_than_bigquery_can" {
  command = plan

  variables {
    partition_days = { raw = 500 }
  }

  expect_failures = [var.partition_days]
}
