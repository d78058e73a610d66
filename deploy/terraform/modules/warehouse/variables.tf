variable "prefix" {
  description = "MUSICFLOW_DATASET_PREFIX: what the names of the datasets begin with."
  type        = string
}

variable "location" {
  description = "MUSICFLOW_BIGQUERY_LOCATION."
  type        = string
}

variable "partition_days" {
  description = "Days that partitions of new tables are kept, by dataset; a dataset that is not named keeps all."
  type        = map(number)
}

variable "time_travel_hours" {
  description = "Hours that rows which were changed or deleted can still be asked for."
  type        = number
}

variable "kms_key" {
  description = "Key of Cloud KMS for new tables; null: Google's own keys."
  type        = string
  default     = null
}
