variable "name" {
  description = "What the names of the secrets begin with."
  type        = string
}

variable "region" {
  description = "The only region that values are kept in."
  type        = string
}

variable "secrets" {
  description = "What each secret is for, by the end of its name."
  type        = map(string)
}

variable "kms_key" {
  description = "Key of Cloud KMS, of the same region, for the values; null: Google's own keys."
  type        = string
  default     = null
}

variable "project" {
  description = "The project, whose audit log tells who reads a secret."
  type        = string
}
