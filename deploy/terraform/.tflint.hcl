# All rules of Terraform's own that need no plugin from elsewhere.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
