locals {
  # contracts/events.py names them; a test compares.
  topics = ["listen_events", "page_view_events", "auth_events", "status_change_events", "music_events"]

  landing  = "User:${var.landing}"
  eventsim = "User:${var.eventsim}"

  # As deploy/kafka/acls.toml says; a test compares. What has no list stays open to everybody who may
  # connect; so the cluster itself has one, and nobody changes it from within Kafka.
  permissions = {
    "allTopics" = [
      { principal = local.landing, operation = "READ" },
      { principal = local.landing, operation = "DESCRIBE" },
      { principal = local.landing, operation = "DESCRIBE_CONFIGS" },
      { principal = local.eventsim, operation = "WRITE" },
      { principal = local.eventsim, operation = "DESCRIBE" },
      { principal = local.eventsim, operation = "DESCRIBE_CONFIGS" },
    ]
    "consumerGroupPrefixed/musicflow-" = [
      { principal = local.landing, operation = "READ" },
    ]
    "cluster" = [
      { principal = local.landing, operation = "DESCRIBE" },
    ]
  }
}
