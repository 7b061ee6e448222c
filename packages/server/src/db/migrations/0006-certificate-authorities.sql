create table certificate_authorities (
  -- Of the certificate.
  sha256 text primary key,
  product text not null references products (name),
  certificate bytea not null,
  public_key_sha256 text not null,
  subject text not null,
  expires_at timestamptz not null,
  added_at timestamptz not null default now()
);
