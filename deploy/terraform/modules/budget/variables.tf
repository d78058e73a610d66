variable "name" {
  description = "Name of the budget."
  type        = string
}

variable "billing_account" {
  description = "The billing account that pays for the project, XXXXXX-XXXXXX-XXXXXX."
  type        = string
}

variable "project" {
  description = "The project whose costs count."
  type        = string
}

variable "monthly_amount" {
  description = "Amount a month, in the billing account's currency."
  type        = number
}

variable "notification_channels" {
  description = "Ids of the channels that are told, beside the billing account's administrators."
  type        = list(string)
}
