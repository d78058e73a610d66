variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "project" {
  description = "The project, whose pods' identities the accounts trust."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "network" {
  description = "Id of the network."
  type        = string
}

variable "subnetwork" {
  description = "Id of the subnet."
  type        = string
}

variable "range_names" {
  description = "Names of the subnet's ranges: `pods` and `services`."
  type        = map(string)
}

variable "namespace" {
  description = "Kubernetes' namespace of our pods."
  type        = string
}

variable "accounts" {
  description = "Full names of the accounts that pods run as, by Kubernetes' own account."
  type        = map(string)
}

variable "kms_key" {
  description = "Key of Cloud KMS, of the same region, for the secrets in Kubernetes' store; null: Google's own keys."
  type        = string
  default     = null
}

variable "emails" {
  description = "Addresses of the accounts, by component."
  type        = map(string)
}

variable "images" {
  description = "Images by their digest, by component: dagster, dashboard, landing; null: it does not run here."
  type        = map(string)
}

variable "settings" {
  description = "Environment of all components (docs/settings.md); no secrets."
  type        = map(string)
}

variable "landing_settings" {
  description = "More of landing's environment: how it reaches Kafka."
  type        = map(string)
}

variable "secrets_of" {
  description = "Names in Secret Manager, by component and by the variable that is given the secret as a file."
  type        = map(map(string))
}

variable "dagster_postgres_url" {
  description = "Name in Secret Manager of MUSICFLOW_DAGSTER_POSTGRES_URL."
  type        = string
}

variable "instance" {
  description = "Dagster's instance: the text of deploy/dagster/dagster.yaml."
  type        = string
}
