output "datasets" {
  description = "Ids of the datasets, by layer."
  value       = { for layer, dataset in google_bigquery_dataset.this : layer => dataset.dataset_id }
}
