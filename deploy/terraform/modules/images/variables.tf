variable "name" {
  description = "Name of the repository."
  type        = string
}

variable "region" {
  description = "Region of the repository."
  type        = string
}

variable "project" {
  description = "The project, which is part of the repository's address."
  type        = string
}

variable "readers" {
  description = "Members of policies who pull images, by what they are."
  type        = map(string)
}

variable "kms_key" {
  description = "Key of Cloud KMS, of the same region, for images; null: Google's own keys."
  type        = string
  default     = null
}
