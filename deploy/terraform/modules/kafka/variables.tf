variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "project" {
  description = "The project, which is part of the cluster's address."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "subnetwork" {
  description = "Id of the subnet that the cluster has addresses in."
  type        = string
}

variable "cpus" {
  description = "Virtual CPUs of all brokers together."
  type        = number
}

variable "memory_gib" {
  description = "Memory of all brokers together, GiB: one to eight a CPU."
  type        = number
}

variable "partitions" {
  description = "Partitions of each topic."
  type        = number
}

variable "retention_hours" {
  description = "Hours that Kafka keeps messages: how long landing may be down, and how long an erased user stays there."
  type        = number
}

variable "landing" {
  description = "Address of landing's account."
  type        = string
}

variable "eventsim" {
  description = "Address of the account that sends events."
  type        = string
}

variable "kms_key" {
  description = "Key of Cloud KMS, of the same region, for what brokers keep; null: Google's own keys."
  type        = string
  default     = null
}
