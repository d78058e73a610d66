locals {
  # Google's Identity-Aware Proxy; nobody else can connect from outside.
  # https://cloud.google.com/iap/docs/using-tcp-forwarding
  iap_range = "35.235.240.0/20"

  tags = {
    cluster = "${var.name}-cluster"
    tunnel  = "${var.name}-tunnel"
  }
}

resource "google_compute_network" "this" {
  name                    = var.name
  description             = "All of MusicFlow; nothing in it has an external address."
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "this" {
  name                     = var.name
  description              = "Private machines; Google's APIs are reached from inside."
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.subnet_range
  private_ip_google_access = true
  stack_type               = "IPV4_ONLY"

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = var.pods_range
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = var.services_range
  }

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_router" "this" {
  name    = var.name
  region  = var.region
  network = google_compute_network.this.id
}

# The way out, for packages and a Kafka elsewhere; there is none in.
resource "google_compute_router_nat" "this" {
  name                               = var.name
  region                             = var.region
  router                             = google_compute_router.this.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# The network's own rule does the same, but writes no log.
resource "google_compute_firewall" "deny_ingress" {
  name        = "${var.name}-deny-ingress"
  description = "What no other rule lets in is refused, and logged."
  network     = google_compute_network.this.id
  direction   = "INGRESS"
  priority    = 65000

  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# Spark's driver, executors and YARN speak to each other on ports of their own choosing.
resource "google_compute_firewall" "within_cluster" {
  name        = "${var.name}-within-cluster"
  description = "Dataproc's machines among themselves."
  network     = google_compute_network.this.id
  direction   = "INGRESS"

  source_tags = [local.tags.cluster]
  target_tags = [local.tags.cluster]

  allow {
    protocol = "tcp"
  }

  allow {
    protocol = "udp"
  }

  allow {
    protocol = "icmp"
  }
}

# A batch without a cluster has machines without tags: Google asks for a rule of the whole subnet.
resource "google_compute_firewall" "within_batches" {
  count = var.has_batches ? 1 : 0

  name        = "${var.name}-within-batches"
  description = "Machines of Dataproc's batches among themselves: ports of Spark alone."
  network     = google_compute_network.this.id
  direction   = "INGRESS"

  source_ranges = [var.subnet_range]

  allow {
    protocol = "tcp"
    ports    = ["1024-65535"]
  }
}

resource "google_compute_firewall" "tunnel" {
  name        = "${var.name}-tunnel"
  description = "People, whom the Identity-Aware Proxy knows: SSH and Dagster's pages."
  network     = google_compute_network.this.id
  direction   = "INGRESS"

  source_ranges = [local.iap_range]
  target_tags   = [local.tags.tunnel]

  allow {
    protocol = "tcp"
    ports    = ["22", "3000"]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# Cloud SQL's private address is in a network of Google's that is joined to ours.
resource "google_compute_global_address" "services" {
  name          = "${var.name}-google-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = google_compute_network.this.id
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.this.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}
