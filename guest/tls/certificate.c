/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"

#include "file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define AUTHORITY_DAYS 3650
#define DAY            86400
#define CLOCKS_APART   300 /* seconds that a client's clock may be behind */
#define FILE_MOST      65536
#define SERIAL_SIZE    16
#define KEY_ID_MOST    64

struct identity {
	gnutls_x509_crt_t certificate;
	gnutls_x509_privkey_t key;
};

static int check(int error, const char *what)
{
	if (error < 0) {
		fprintf(stderr, "bh-tls: cannot %s: %s\n", what, gnutls_strerror(error));
		exit(1);
	}
	return error;
}

static int write_pem(int directory, const char *name, gnutls_datum_t *pem, mode_t mode)
{
	int result = file_replace_at(directory, name, pem->data, pem->size, mode, 1);

	if (result < 0) {
		fprintf(stderr, "bh-tls: cannot write %s: %s\n", name, strerror(errno));
	}
	gnutls_free(pem->data);
	return result;
}

static int write_identity(int directory, const struct identity *identity, const char *certificate,
			  const char *key)
{
	gnutls_datum_t pem;

	check(gnutls_x509_privkey_export2_pkcs8(identity->key, GNUTLS_X509_FMT_PEM, NULL,
						GNUTLS_PKCS_PLAIN, &pem),
	      "write a key");
	if (write_pem(directory, key, &pem, 0600) < 0) {
		return -1;
	}
	check(gnutls_x509_crt_export2(identity->certificate, GNUTLS_X509_FMT_PEM, &pem),
	      "write a certificate");
	return write_pem(directory, certificate, &pem, 0644);
}

static void free_identity(struct identity *identity)
{
	gnutls_x509_crt_deinit(identity->certificate);
	gnutls_x509_privkey_deinit(identity->key);
}

static void set_key_ids(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
	unsigned char id[KEY_ID_MOST];
	size_t size = sizeof(id);

	check(gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA1, id, &size),
	      "name a key");
	check(gnutls_x509_crt_set_subject_key_id(certificate, id, size), "name a key");
	size = sizeof(id);
	check(gnutls_x509_crt_get_key_id(issuer, GNUTLS_KEYID_USE_SHA1, id, &size), "name a key");
	check(gnutls_x509_crt_set_authority_key_id(certificate, id, size), "name a key");
}

/* A key of P-256 and a certificate that is not signed yet. */
static void begin_identity(struct identity *identity, const char *name, int days)
{
	unsigned char serial[SERIAL_SIZE];
	time_t now = time(NULL);

	check(gnutls_x509_privkey_init(&identity->key), "make a key");
	check(gnutls_x509_privkey_generate(identity->key, GNUTLS_PK_ECDSA,
					   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
	      "make a key");
	check(gnutls_x509_crt_init(&identity->certificate), "make a certificate");
	check(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)), "make a serial number");
	serial[0] = (serial[0] & 0x7f) | 1; /* positive, and not zero */
	gnutls_x509_crt_t certificate = identity->certificate;
	check(gnutls_x509_crt_set_version(certificate, 3), "make a certificate");
	check(gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial)),
	      "make a certificate");
	check(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
					    (unsigned)strlen(name)),
	      "make a certificate");
	check(gnutls_x509_crt_set_activation_time(certificate, now - CLOCKS_APART),
	      "make a certificate");
	check(gnutls_x509_crt_set_expiration_time(certificate, now + (time_t)days * DAY),
	      "make a certificate");
	check(gnutls_x509_crt_set_key(certificate, identity->key), "make a certificate");
}

static void sign(struct identity *identity, const struct identity *authority)
{
	set_key_ids(identity->certificate, authority->certificate);
	check(gnutls_x509_crt_sign2(identity->certificate, authority->certificate, authority->key,
				    GNUTLS_DIG_SHA256, 0),
	      "sign a certificate");
}

static int read_pem(int directory, const char *name, gnutls_datum_t *pem, struct text *text)
{
	if (file_read_at(directory, name, text, FILE_MOST) < 0) {
		return -1;
	}
	*pem = (gnutls_datum_t){.data = (unsigned char *)text->data,
				.size = (unsigned)text->length};
	return 0;
}

/* The authority that is there. Half of one is a mistake that must not be written over. */
static bool read_authority(int directory, struct identity *authority)
{
	struct text certificate = {0}, key = {0};
	gnutls_datum_t certificate_pem, key_pem;
	bool has_certificate = read_pem(directory, "ca.pem", &certificate_pem, &certificate) == 0;
	bool has_key = read_pem(directory, "ca-key.pem", &key_pem, &key) == 0;

	if (has_certificate != has_key) {
		fprintf(stderr,
			"bh-tls: %s is there without %s; remove it, or bring back the other\n",
			has_key ? "ca-key.pem" : "ca.pem", has_key ? "ca.pem" : "ca-key.pem");
		exit(1);
	}
	if (has_certificate) {
		check(gnutls_x509_crt_init(&authority->certificate), "read ca.pem");
		check(gnutls_x509_crt_import(authority->certificate, &certificate_pem,
					     GNUTLS_X509_FMT_PEM),
		      "read ca.pem");
		check(gnutls_x509_privkey_init(&authority->key), "read ca-key.pem");
		check(gnutls_x509_privkey_import2(authority->key, &key_pem, GNUTLS_X509_FMT_PEM,
						  NULL, 0),
		      "read ca-key.pem");
	}
	if (key.data) {
		gnutls_memset(key.data, 0, key.length);
	}
	text_free(&certificate);
	text_free(&key);
	return has_certificate;
}

static int make_authority(int directory, struct identity *authority)
{
	if (read_authority(directory, authority)) {
		return 0;
	}
	begin_identity(authority, "Bulkhead engine authority", AUTHORITY_DAYS);
	check(gnutls_x509_crt_set_basic_constraints(authority->certificate, 1, 0),
	      "make an authority");
	check(gnutls_x509_crt_set_key_usage(authority->certificate,
					    GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN),
	      "make an authority");
	sign(authority, authority);
	return write_identity(directory, authority, "ca.pem", "ca-key.pem");
}

static void set_use(struct identity *identity, const char *purpose)
{
	check(gnutls_x509_crt_set_basic_constraints(identity->certificate, 0, -1),
	      "make a certificate");
	check(gnutls_x509_crt_set_key_usage(identity->certificate, GNUTLS_KEY_DIGITAL_SIGNATURE),
	      "make a certificate");
	check(gnutls_x509_crt_set_key_purpose_oid(identity->certificate, purpose, 0),
	      "make a certificate");
}

static void add_host(gnutls_x509_crt_t certificate, const char *host)
{
	unsigned char address[16];
	unsigned size = inet_pton(AF_INET, host, address) == 1    ? 4
			: inet_pton(AF_INET6, host, address) == 1 ? 16
								  : 0;

	check(size ? gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS,
							  address, size, GNUTLS_FSAN_APPEND)
		   : gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, host,
							  (unsigned)strlen(host),
							  GNUTLS_FSAN_APPEND),
	      "name the host");
}

static int make_server(int directory, const struct identity *authority,
		       const struct certificate_options *options)
{
	struct identity server;

	begin_identity(&server, options->hosts[0], options->days);
	set_use(&server, GNUTLS_KP_TLS_WWW_SERVER);
	for (size_t i = 0; i < options->host_count; i++) {
		add_host(server.certificate, options->hosts[i]);
	}
	sign(&server, authority);
	int result = write_identity(directory, &server, "server-cert.pem", "server-key.pem");
	free_identity(&server);
	return result;
}

static int make_client(int directory, const struct identity *authority,
		       const struct certificate_options *options)
{
	struct identity client;
	gnutls_datum_t pem;

	if (mkdirat(directory, "client", 0700) < 0 && errno != EEXIST) {
		fprintf(stderr, "bh-tls: cannot make client: %s\n", strerror(errno));
		return -1;
	}
	begin_identity(&client, "client", options->days);
	set_use(&client, GNUTLS_KP_TLS_WWW_CLIENT);
	sign(&client, authority);
	int result = write_identity(directory, &client, "client/cert.pem", "client/key.pem");
	free_identity(&client);
	if (result < 0) {
		return -1;
	}
	check(gnutls_x509_crt_export2(authority->certificate, GNUTLS_X509_FMT_PEM, &pem),
	      "write a certificate");
	return write_pem(directory, "client/ca.pem", &pem, 0644);
}

int certificate_make(const struct certificate_options *options)
{
	struct identity authority;
	int directory = file_make_dirs(options->directory, 0755) < 0
				? -1
				: open(options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0) {
		fprintf(stderr, "bh-tls: cannot make %s: %s\n", options->directory,
			strerror(errno));
		return 1;
	}
	umask(0);
	if (make_authority(directory, &authority) < 0 ||
	    make_server(directory, &authority, options) < 0 ||
	    make_client(directory, &authority, options) < 0) {
		return 1;
	}
	free_identity(&authority);
	close(directory);
	printf("On the server: bh-tls --tlscacert %s/ca.pem --tlscert %s/server-cert.pem "
	       "--tlskey %s/server-key.pem ...\n"
	       "On a client:   export DOCKER_HOST=tcp://%s:2376 DOCKER_TLS_VERIFY=1 "
	       "DOCKER_CERT_PATH=%s/client\n",
	       options->directory, options->directory, options->directory, options->hosts[0],
	       options->directory);
	return 0;
}
