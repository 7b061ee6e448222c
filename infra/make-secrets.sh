#!/bin/sh
# Makes the passwords that compose.yaml names, in infra/secrets or the folder given. What is there already stays.
# Files are readable by all, since each container has a user of its own; the folder lets nobody else through.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
write() {
  printf '%s\n' "$2" > "$folder/$1.new"
  chmod 444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

if [ ! -e "$folder/database-url" ]; then
  password=$(password)
  write postgres-password "$password"
  write database-url "postgresql://tidegate:$password@postgres/tidegate"
fi
# One user, who sees the keys of one prefix only.
redis_user() { # user, prefix of its keys, host, beginning of the files' names
  [ ! -e "$folder/$4redis-url" ] || return 0
  password=$(password)
  hash=$(printf '%s' "$password" | sha256sum | cut -d' ' -f1)
  write "$4redis-acl" "user default off
user $1 on #$hash ~$2:* &$2:* +@all -@admin -@dangerous +info"
  write "$4redis-url" "redis://$1:$password@$3:6379/0"
}
redis_user tidegate tidegate redis ''
redis_user signer tidegate-signer signing-redis signing-
for name in trusted-root tls-certificate tls-key signing-passphrase signing-releaser-token signing-snapshot-key \
  signing-timestamp-key signing-tls-certificate signing-tls-key; do
  [ -e "$folder/$name" ] || echo "still to be put there, mode 0444: $folder/$name"
done
