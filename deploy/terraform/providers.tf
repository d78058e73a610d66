provider "google" {
  project = var.project
  region  = var.region

  # Some services, Budgets among them, refuse people's credentials that name no project to count for.
  user_project_override = true
  billing_project       = var.project

  default_labels = local.labels
}
