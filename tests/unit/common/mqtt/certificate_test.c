#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "common/mqtt/certificate.h"

static char text[500];

/* For broker.lan and 10.0.0.5, signed by "ours", from 2020-01-01 to 2021-01-01. */
static X509 *certificate_make(const char *names)
{
	X509 *certificate = X509_new();
	X509_NAME *issuer = X509_NAME_new();

	X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC, (const unsigned char *)"ours", -1,
				   -1, 0);
	X509_set_issuer_name(certificate, issuer);
	X509_NAME_free(issuer);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
				   (const unsigned char *)"common.lan", -1, -1, 0);
	assert_true(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z"));
	assert_true(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "20210101120000Z"));
	if (names) {
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

		assert_non_null(extension);
		X509_add_ext(certificate, extension, -1);
		X509_EXTENSION_free(extension);
	}
	return certificate;
}

static void expect(const char *names, int code, int depth, const char *expected)
{
	X509 *certificate = certificate_make(names);

	certificate_describe(text, sizeof(text), code, depth, certificate, "10.0.0.6");
	X509_free(certificate);
	if (!strstr(text, expected))
		fail_msg("%s", text);
}

static void a_date_is_given_with_what_has_expired(void **state)
{
	(void)state;
	expect(NULL, X509_V_ERR_CERT_HAS_EXPIRED, 0,
	       "the broker's certificate has expired (it was valid until 2021-01-01 12:00Z)");
	expect(NULL, X509_V_ERR_CERT_HAS_EXPIRED, 1,
	       "the certificate of the broker's authority has expired");
	expect(NULL, X509_V_ERR_CERT_NOT_YET_VALID, 0,
	       "is not valid yet (it is from 2020-01-01 00:00Z on): set the clock");
}

static void the_names_of_a_certificate_are_listed(void **state)
{
	(void)state;
	expect("DNS:broker.lan,IP:10.0.0.5", X509_V_ERR_IP_ADDRESS_MISMATCH, 0,
	       "is for \"broker.lan\", \"10.0.0.5\", not for \"10.0.0.6\"");
	expect(NULL, X509_V_ERR_HOSTNAME_MISMATCH, 0, "is for \"common.lan\", not for");
}

static void an_unknown_authority_is_named(void **state)
{
	(void)state;
	expect(NULL, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0,
	       "unknown authority (/CN=ours): broker.ca_file");
	expect(NULL, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 1, "unknown authority (/CN=ours)");
}

static void anything_else_is_said_in_the_words_of_openssl(void **state)
{
	(void)state;
	expect(NULL, X509_V_ERR_CERT_REVOKED, 0,
	       "the broker's certificate is refused (certificate revoked)");
	certificate_describe(text, sizeof(text), X509_V_ERR_CERT_HAS_EXPIRED, 0, NULL, "x");
	assert_non_null(strstr(text, "has expired (it was valid until ?)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_date_is_given_with_what_has_expired),
		cmocka_unit_test(the_names_of_a_certificate_are_listed),
		cmocka_unit_test(an_unknown_authority_is_named),
		cmocka_unit_test(anything_else_is_said_in_the_words_of_openssl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
