variable "name" {
  description = "Name of the machine."
  type        = string
}

variable "project" {
  description = "The project that the secrets are in."
  type        = string
}

variable "zone" {
  description = "Zone of the machine."
  type        = string
}

variable "subnetwork" {
  description = "Id of the subnet."
  type        = string
}

variable "tags" {
  description = "Tags by which the firewall lets people in through the Identity-Aware Proxy."
  type        = list(string)
}

variable "account" {
  description = "Address of the account that the machine runs as."
  type        = string
}

variable "machine_type" {
  description = "Type of the machine."
  type        = string
}

variable "image" {
  description = "Dagster's image, with its digest: …/dagster@sha256:…."
  type        = string
}

variable "registry" {
  description = "Host of the image's registry, to which the machine's account is shown."
  type        = string
}

variable "settings" {
  description = "Environment of the containers (docs/settings.md); no secrets."
  type        = map(string)
}

variable "secrets" {
  description = "Names in Secret Manager, by the variable that is given the secret as a file: NAME_FILE."
  type        = map(string)
}

variable "dagster_postgres_url" {
  description = "Name in Secret Manager of MUSICFLOW_DAGSTER_POSTGRES_URL, which the containers get as a variable."
  type        = string
}

variable "kms_key" {
  description = "Key of Cloud KMS, of the same region, for the disk; null: Google's own keys."
  type        = string
  default     = null
}

variable "instance" {
  description = "Dagster's instance: the text of deploy/dagster/dagster.yaml."
  type        = string
}
