#!/bin/sh
# A signer for `exec:` keys in a dozen lines: one JSON request on stdin, one JSON reply on stdout, then the end.
# It signs with a P-256 key in the file that FW_KEY_FILE names; put your own tool in place of openssl.
set -eu
read -r request
field() { printf '%s' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

case "$(field operation)" in
  public-key)
    pem=$(openssl pkey -in "$FW_KEY_FILE" -pubout | awk '{ printf "%s\\n", $0 }')
    printf '{"publicKey":"%s"}\n' "$pem"
    ;;
  sign)
    signature=$(field payload | base64 -d | openssl dgst -sha256 -sign "$FW_KEY_FILE" | base64 -w 0)
    printf '{"signature":"%s"}\n' "$signature"
    ;;
  *)
    printf '{"error":"unknown operation"}\n'
    ;;
esac
