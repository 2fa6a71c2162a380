/* SPDX-License-Identifier: Apache-2.0 */
#include "credentials.h"

#include "text.h"

#include <gnutls/x509.h>

#include <stdio.h>
#include <stdlib.h>

/* TLS 1.2 and 1.3, and no key exchange without forward secrecy. */
#define PRIORITY "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"

static int complain(const char *what, const char *file, int error)
{
	fprintf(stderr, "bh-tls: %s %s: %s\n", what, file, gnutls_strerror(error));
	return -1;
}

static int load(gnutls_certificate_credentials_t certificates,
		const struct credentials_files *files)
{
	int count = gnutls_certificate_set_x509_trust_file(certificates, files->authority,
							   GNUTLS_X509_FMT_PEM);
	if (count <= 0) {
		return complain("cannot read the authority's certificate", files->authority,
				count < 0 ? count : GNUTLS_E_NO_CERTIFICATE_FOUND);
	}
	int error = gnutls_certificate_set_x509_key_file(certificates, files->certificate,
							 files->key, GNUTLS_X509_FMT_PEM);
	if (error < 0) {
		fprintf(stderr, "bh-tls: cannot use certificate %s with key %s: %s\n",
			files->certificate, files->key, gnutls_strerror(error));
		return -1;
	}
	return 0;
}

struct credentials *credentials_load(const struct credentials_files *files)
{
	struct credentials *credentials = memory_zeroed(1, sizeof(*credentials));

	credentials->users = 1;
	if (gnutls_certificate_allocate_credentials(&credentials->certificates) < 0 ||
	    gnutls_priority_init(&credentials->priority, PRIORITY, NULL) < 0) {
		fprintf(stderr, "bh-tls: gnutls cannot be set up\n");
		exit(1);
	}
	if (load(credentials->certificates, files) < 0) {
		credentials_release(credentials);
		return NULL;
	}
	return credentials;
}

void credentials_release(struct credentials *credentials)
{
	if (credentials && --credentials->users == 0) {
		gnutls_certificate_free_credentials(credentials->certificates);
		gnutls_priority_deinit(credentials->priority);
		free(credentials);
	}
}

int credentials_session(struct credentials *credentials, gnutls_session_t *session)
{
	static unsigned char client[] = GNUTLS_KP_TLS_WWW_CLIENT;
	static gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = client,
	};
	/* Without tickets each connection shows its certificate. */
	int error = gnutls_init(session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
						 GNUTLS_NO_TICKETS);

	if (error < 0) {
		return error;
	}
	error = gnutls_priority_set(*session, credentials->priority);
	if (error == 0) {
		error = gnutls_credentials_set(*session, GNUTLS_CRD_CERTIFICATE,
					       credentials->certificates);
	}
	if (error < 0) {
		gnutls_deinit(*session);
		return error;
	}
	gnutls_certificate_server_set_request(*session, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_cert2(*session, &purpose, 1, 0);
	credentials->users++;
	return 0;
}
