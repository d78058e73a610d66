variable "name" {
  description = "What the names of all resources begin with."
  type        = string
}

variable "region" {
  description = "Region of the subnet, its router and its NAT."
  type        = string
}

variable "subnet_range" {
  description = "Addresses of machines: Dataproc's, Kafka's, Dagster's."
  type        = string
}

variable "pods_range" {
  description = "Addresses of GKE's pods."
  type        = string
}

variable "services_range" {
  description = "Addresses of GKE's services."
  type        = string
}

variable "has_batches" {
  description = "Whether Dataproc's batches run in the subnet, which have no tags to be let through by."
  type        = bool
}
