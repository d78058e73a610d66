output "everybody" {
  description = "Environment of every station."
  value       = local.everybody
}

output "landing" {
  description = "Environment of landing: the same, and how to reach Kafka."
  value       = local.landing
}

output "kafka" {
  description = "How landing reaches Kafka."
  value       = local.kafka
}
