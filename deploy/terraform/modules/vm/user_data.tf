locals {
  user_data = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    project  = var.project
    image    = var.image == null ? "" : var.image # the output `workloads` says what is wrong
    registry = var.registry
    settings = var.settings
    secrets  = var.secrets
    instance = var.instance

    dagster_postgres_url = var.dagster_postgres_url
  })
}
