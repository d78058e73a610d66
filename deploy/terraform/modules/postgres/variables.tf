variable "name" {
  description = "Name of the instance."
  type        = string
}

variable "region" {
  description = "Region of the instance."
  type        = string
}

variable "network" {
  description = "Id of the network that the instance has its only address in."
  type        = string
}

variable "tier" {
  description = "Size of the machine."
  type        = string
}

variable "is_regional" {
  description = "Whether a second machine in another zone takes over when the first fails."
  type        = bool
}

variable "databases" {
  description = "Names of the databases."
  type        = set(string)
}

variable "kms_key" {
  description = "Key of Cloud KMS, of the same region, for what is stored; null: Google's own keys."
  type        = string
  default     = null
}
