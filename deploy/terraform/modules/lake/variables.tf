variable "bucket" {
  description = "Name of the bucket; unique in the whole of Google Cloud."
  type        = string
}

variable "location" {
  description = "Location of the bucket; BigQuery's datasets must be in the same."
  type        = string
}

variable "kms_key" {
  description = "Key of Cloud KMS for what is stored; null: Google's own keys."
  type        = string
  default     = null
}

variable "noncurrent_days" {
  description = "Days that an object which was replaced or deleted can be brought back."
  type        = number
}
