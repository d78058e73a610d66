# Kubernetes' own objects, as a text for kubectl: a provider that applied them would need the cluster
# to stand before it can plan.
locals {
  on_dagster = ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", "--module-name", "musicflow_dagster.definitions", "--location-name", "musicflow"]
  workspace  = ["--workspace", "/app/deploy/dagster/workspace.yaml"]

  # Dagster's own file of settings reads the environment alone.
  with_url = ["sh", "-c", "export MUSICFLOW_DAGSTER_POSTGRES_URL=\"$(cat /run/secrets/${var.dagster_postgres_url})\"; exec \"$@\"", "sh"]

  http = { for port, page in { 3000 = "server_info", 8501 = "_stcore/health", 9464 = "healthz" } :
    port => ["python", "/app/healthy.py", "http", "http://127.0.0.1:${port}/${page}"]
  }

  containers = {
    dagster = {
      code      = { command = local.with_url, args = local.on_dagster, cpu = "1", memory = "4Gi", probe = ["python", "/app/healthy.py", "grpc", "127.0.0.1:4000"] }
      webserver = { command = local.with_url, args = concat(["dagster-webserver", "--host", "0.0.0.0", "--port", "3000"], local.workspace), cpu = "500m", memory = "1Gi", probe = local.http[3000] }
      daemon    = { command = local.with_url, args = concat(["dagster-daemon", "run"], local.workspace), cpu = "500m", memory = "1Gi", probe = concat(local.with_url, ["dagster-daemon", "liveness-check"]) }
    }
    dashboard = {
      dashboard = { command = null, args = ["--log-json"], cpu = "500m", memory = "1Gi", probe = local.http[8501] }
    }
    landing = {
      landing = { command = null, args = ["--log-json"], cpu = "2", memory = "4Gi", probe = local.http[9464] }
    }
  }

  more_settings = {
    dagster = { MUSICFLOW_CODE_HOST = "127.0.0.1", MUSICFLOW_CODE_PORT = "4000", DAGSTER_HOME = "/var/lib/musicflow/dagster" }
    # It asks for its password; the port is open within the pod, and the policy lets nobody in.
    dashboard = { MUSICFLOW_DASHBOARD_HOST = "0.0.0.0", HOME = "/tmp" }
    landing   = { MUSICFLOW_METRICS_PORT = "9464", MUSICFLOW_METRICS_ADDRESS = "127.0.0.1" }
  }

  components = {
    for component, image in var.images : component => {
      image        = image
      account      = var.emails[component]
      containers   = local.containers[component]
      settings     = merge(var.settings, local.more_settings[component], component == "landing" ? var.landing_settings : {})
      secrets      = var.secrets_of[component]
      more_secrets = component == "dagster" ? [var.dagster_postgres_url] : []
    }
    if image != null
  }

  workloads = templatefile("${path.module}/workloads.yaml.tftpl", {
    project    = var.project
    namespace  = var.namespace
    instance   = var.instance
    components = local.components
  })
}
