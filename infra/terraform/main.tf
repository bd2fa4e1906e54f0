# The lake's bucket: closed to the public, encrypted, open to two roles by infra/s3-policy.json, with a lifecycle that
# never deletes what a release is made of. That is the work of `wirefold maintain`, which knows what is still named.

resource "aws_s3_bucket" "lake" {
  bucket = var.bucket
  tags   = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_versioning.lake]

  rule {
    id     = "parts-of-files-that-were-never-finished"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "what-was-deleted-or-overwritten"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.undo_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "raw-pages-are-seldom-read-again"
    status = "Enabled"

    filter {
      and {
        prefix                   = "raw/"
        object_size_greater_than = 131072 # smaller ones cost more there than here
      }
    }

    transition {
      days          = var.raw_cool_days
      storage_class = "GLACIER_IR"
    }
  }

  rule {
    id     = "probes-of-writers-that-were-killed"
    status = "Enabled"

    filter {
      prefix = "probe/"
    }

    expiration {
      days = 1
    }
  }
}

locals {
  # One policy, read by people in infra/s3-policy.json and put here into their bucket and roles.
  policy = replace(
    replace(
      replace(
        file("${path.module}/../s3-policy.json"),
        "arn:aws:s3:::news-lake", aws_s3_bucket.lake.arn
      ),
      "arn:aws:iam::111122223333:role/wirefold-worker", var.worker_role_arn
    ),
    "arn:aws:iam::111122223333:role/wirefold-analyst", var.analyst_role_arn
  )
}

resource "aws_s3_bucket_policy" "lake" {
  bucket     = aws_s3_bucket.lake.id
  policy     = local.policy
  depends_on = [aws_s3_bucket_public_access_block.lake]
}
