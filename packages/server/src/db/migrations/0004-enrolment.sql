-- What may enrol beside holders of claim tokens.

create table device_keys (
  -- Of the public key: what pages go by.
  sha256 text primary key,
  public_key bytea not null unique,
  product text not null references products (name),
  label text,
  added_at timestamptz not null default now()
);
create index device_keys_by_product on device_keys (product, sha256);
