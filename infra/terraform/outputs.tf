output "lake" {
  description = "What `lake` is in wirefold.toml."
  value       = "s3://${aws_s3_bucket.lake.bucket}"
}

output "connection" {
  description = "AIRFLOW_CONN_WIREFOLD_S3 for workers that have the role; there is no secret in it."
  value       = jsonencode({ conn_type = "aws", extra = { region_name = aws_s3_bucket.lake.region } })
}
