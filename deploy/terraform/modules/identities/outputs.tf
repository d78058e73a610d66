output "emails" {
  description = "Addresses of the accounts, by component."
  value       = { for key, account in google_service_account.this : key => account.email }
}

output "members" {
  description = "The accounts as members of policies, serviceAccount:…, by component."
  value       = local.members
}

output "names" {
  description = "Full names of the accounts, projects/…/serviceAccounts/…, by component."
  value       = { for key, account in google_service_account.this : key => account.name }
}
