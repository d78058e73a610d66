variable "name" {
  description = "What the names of metrics and policies begin with."
  type        = string
}

variable "emails" {
  description = "Addresses that are told."
  type        = list(string)
}

variable "more_channels" {
  description = "Ids of notification channels that stand already, such as a pager's."
  type        = list(string)
}

variable "runbook" {
  description = "Where docs/runbook.md can be read, for links in what people are told."
  type        = string
}

variable "late_seconds" {
  description = "Lag behind Kafka, seconds, from which on landing counts as late."
  type        = number
}

variable "silent_minutes" {
  description = "Minutes without a committed batch after which landing counts as gone."
  type        = number
}

variable "unbuilt_minutes" {
  description = "Minutes without a build that went well after which the warehouse counts as stale."
  type        = number
}
