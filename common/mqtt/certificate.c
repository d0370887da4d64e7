#include "common/mqtt/certificate.h"

#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAMES_SIZE 120

static void day_text(char text[20], const ASN1_TIME *time)
{
	struct tm day = {0};

	if (!time || !ASN1_TIME_to_tm(time, &day) || !strftime(text, 20, "%Y-%m-%d %H:%MZ", &day))
		snprintf(text, 20, "?");
}

static void names_add(char names[NAMES_SIZE], const char *name)
{
	size_t length = strlen(names);

	snprintf(names + length, NAMES_SIZE - length, "%s\"%s\"", length ? ", " : "", name);
}

static void address_add(char names[NAMES_SIZE], const ASN1_OCTET_STRING *address)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(address);
	char name[20];

	if (ASN1_STRING_length(address) == 4) {
		snprintf(name, sizeof(name), "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
		names_add(names, name);
	}
}

/* The names that a certificate is for: of its extension, else the common name of its subject. */
static void names_find(char names[NAMES_SIZE], X509 *certificate)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	char common[80] = "";

	names[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *each = sk_GENERAL_NAME_value(all, i);

		if (each->type == GEN_DNS)
			names_add(names, (const char *)ASN1_STRING_get0_data(each->d.dNSName));
		else if (each->type == GEN_IPADD)
			address_add(names, each->d.iPAddress);
	}
	GENERAL_NAMES_free(all);
	if (!names[0] && X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
						   NID_commonName, common, sizeof(common)) > 0)
		names_add(names, common);
	if (!names[0])
		snprintf(names, NAMES_SIZE, "another name");
}

static void describe_time(char *text, size_t size, const char *whose, X509 *certificate,
			  bool expired)
{
	char day[20];

	day_text(day, !certificate ? NULL
		      : expired	   ? X509_get0_notAfter(certificate)
				   : X509_get0_notBefore(certificate));
	if (expired)
		snprintf(text, size,
			 "%s has expired (it was valid until %s): renew it, or set the clock of "
			 "this machine",
			 whose, day);
	else
		snprintf(text, size,
			 "%s is not valid yet (it is from %s on): set the clock of this machine",
			 whose, day);
}

static void describe_issuer(char *text, size_t size, X509 *certificate)
{
	char issuer[120] = "?";

	if (certificate)
		X509_NAME_oneline(X509_get_issuer_name(certificate), issuer, sizeof(issuer));
	snprintf(text, size,
		 "the broker's certificate is signed by an unknown authority (%s): broker.ca_file "
		 "has to contain the certificate of that authority",
		 issuer);
}

void certificate_describe(char *text, size_t size, int code, int depth, X509 *certificate,
			  const char *host)
{
	const char *whose =
		depth ? "the certificate of the broker's authority" : "the broker's certificate";
	char names[NAMES_SIZE] = "another name";

	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		describe_time(text, size, whose, certificate, code == X509_V_ERR_CERT_HAS_EXPIRED);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		if (certificate)
			names_find(names, certificate);
		snprintf(text, size,
			 "the broker's certificate is for %s, not for \"%s\": broker.host has to "
			 "be a name of the certificate",
			 names, host);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE: describe_issuer(text, size, certificate); break;
	default:
		snprintf(text, size, "%s is refused (%s)", whose,
			 X509_verify_cert_error_string(code));
	}
}
