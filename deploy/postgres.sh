#!/bin/sh
# PostgreSQL with TLS: makes its key and certificate at the first start. The nodes see the certificate alone and check
# the server by it (sslmode=verify-full). To renew it, remove both files and restart everything.
set -eu
key=/run/postgres-key/server.key
certificate=/run/postgres-ca/server.crt
if [ ! -s "$key" ] || [ ! -s "$certificate" ]; then
  openssl req -new -x509 -nodes -newkey rsa:3072 -days 3650 -subj /CN=postgres \
    -addext subjectAltName=DNS:postgres -keyout "$key" -out "$certificate"
fi
chown postgres "$key"
chmod 0600 "$key"
chmod 0644 "$certificate"
exec docker-entrypoint.sh postgres -c ssl=on -c "ssl_key_file=$key" -c "ssl_cert_file=$certificate"
