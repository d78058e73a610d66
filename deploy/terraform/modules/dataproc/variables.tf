variable "name" {
  description = "Name of the cluster and of its policy."
  type        = string
}

variable "project" {
  description = "The project, with which the names of the buckets begin."
  type        = string
}

variable "region" {
  description = "MUSICFLOW_DATAPROC_REGION."
  type        = string
}

variable "subnetwork" {
  description = "Id of the subnet that the machines are in."
  type        = string
}

variable "tags" {
  description = "Tags of the machines, which the firewall lets speak to each other."
  type        = list(string)
}

variable "account" {
  description = "Address of landing's account, which the machines run as."
  type        = string
}


variable "image_version" {
  description = "Dataproc's image; its Spark must be 4.0 or later."
  type        = string
}

variable "machine_type" {
  description = "Type of all machines."
  type        = string
}

variable "workers" {
  description = "Machines that are always there, two at least."
  type        = number
}

variable "most_more_workers" {
  description = "Machines that the policy may add when Spark waits for memory."
  type        = number
}

variable "kms_key" {
  description = "Key of Cloud KMS, of the same region, for the machines' disks; null: Google's own keys."
  type        = string
  default     = null
}

variable "secrets" {
  description = "Names in Secret Manager that each machine gets as files."
  type        = list(string)
}
