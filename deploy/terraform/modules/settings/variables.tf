variable "project" {
  description = "GOOGLE_CLOUD_PROJECT."
  type        = string
}

variable "location" {
  description = "MUSICFLOW_BIGQUERY_LOCATION."
  type        = string
}

variable "dataset_prefix" {
  description = "MUSICFLOW_DATASET_PREFIX."
  type        = string
}

variable "lake" {
  description = "MUSICFLOW_LAKE."
  type        = string
}

variable "checkpoints" {
  description = "MUSICFLOW_CHECKPOINTS."
  type        = string
}

variable "dataproc_region" {
  description = "MUSICFLOW_DATAPROC_REGION; null: landing is not on Dataproc."
  type        = string
  default     = null
}

variable "dataproc_cluster" {
  description = "MUSICFLOW_DATAPROC_CLUSTER; null: there is none."
  type        = string
  default     = null
}

variable "kafka" {
  description = "KAFKA_BOOTSTRAP_SERVERS."
  type        = string
}

variable "uses_managed_kafka" {
  description = "Whether it is a Kafka of Google's, which asks everybody for an account and a key of it."
  type        = bool
}

variable "kafka_has_passwords" {
  description = "Whether another Kafka asks for users and passwords."
  type        = bool
}

variable "kafka_has_tls" {
  description = "Whether connections to another Kafka are encrypted."
  type        = bool
}

variable "kafka_sasl_mechanism" {
  description = "KAFKA_SASL_MECHANISM of another Kafka."
  type        = string
}

variable "kafka_user" {
  description = "KAFKA_SASL_USERNAME of landing."
  type        = string
}
