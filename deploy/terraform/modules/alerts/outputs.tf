output "channels" {
  description = "Ids of the channels that are told."
  value       = local.channels
}
