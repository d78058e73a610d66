variable "name" {
  description = "What the names of accounts and roles begin with."
  type        = string
}

variable "project" {
  description = "The project."
  type        = string
}

variable "roles_folder" {
  description = "Folder of the roles' files (deploy/gcp/roles), the only place that names permissions."
  type        = string
}

variable "bucket" {
  description = "The lake's bucket."
  type        = string
}

variable "datasets" {
  description = "Ids of the datasets, by layer."
  type        = map(string)
}

variable "secrets" {
  description = "Names of the secrets in Secret Manager, by what they are."
  type        = map(string)
}

variable "uses_managed_kafka" {
  description = "Whether accounts connect to a Kafka of Google's."
  type        = bool
}

variable "uses_dataproc" {
  description = "Whether landing runs on Dataproc, started by Dagster."
  type        = bool
}

variable "uses_vm" {
  description = "Whether Dagster runs on a machine of its own, which writes logs and metrics as Dagster."
  type        = bool
}

variable "dagster_changes_lake" {
  description = "Whether Dagster's account may replay rejects, expire hours and erase users."
  type        = bool
}
