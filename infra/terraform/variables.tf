variable "bucket" {
  description = "Name of the lake's bucket, which is made here and holds nothing else."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "3 to 63 lower-case letters, digits and hyphens, such as news-lake."
  }
}

variable "worker_role_arn" {
  description = "The role of Airflow's scheduler, workers and API server."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.worker_role_arn))
    error_message = "The ARN of a role, such as arn:aws:iam::111122223333:role/wirefold-worker."
  }
}

variable "analyst_role_arn" {
  description = "The role of those who read releases, and nothing else of the lake."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.analyst_role_arn))
    error_message = "The ARN of a role, such as arn:aws:iam::111122223333:role/wirefold-analyst."
  }
}

variable "kms_key_arn" {
  description = "A KMS key to encrypt with, which both roles may use; null: the store's own keys (SSE-S3)."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:.+:key/.+$", var.kms_key_arn))
    error_message = "The ARN of a key, or null."
  }
}

variable "undo_days" {
  description = "For how many days what was deleted or overwritten can be had back. As long are the words of a takedown in old versions of objects."
  type        = number
  default     = 7

  validation {
    condition     = var.undo_days >= 1 && var.undo_days <= 30 && floor(var.undo_days) == var.undo_days
    error_message = "1 to 30 whole days: no longer than a release is kept (keep_days)."
  }
}

variable "raw_cool_days" {
  description = "After how many days pages as they were fetched move to cheaper storage that answers at once."
  type        = number
  default     = 90

  validation {
    condition     = var.raw_cool_days >= 30 && floor(var.raw_cool_days) == var.raw_cool_days
    error_message = "30 whole days at least: extraction may be repeated for as long."
  }
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
}
