#include "common/mqtt/diagnosis.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/mqtt/certificate.h"

/* Of connecting, and of each answer in the handshake. */
#define WAIT_S 2

/* -------- the connection -------- */

static int address_connect(const struct addrinfo *address)
{
	const struct timeval wait = {.tv_sec = WAIT_S};
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
		return fd;
	if (errno == EINPROGRESS)
		errno = ETIMEDOUT;
	int trouble = errno;

	close(fd);
	errno = trouble;
	return -1;
}

static void describe_connect(const struct mqtt_config *config, int trouble,
			     char text[DIAGNOSIS_SIZE])
{
	if (trouble == ECONNREFUSED)
		snprintf(text, DIAGNOSIS_SIZE,
			 "no broker answers there, port %d is closed: is it broker.port, and does "
			 "the broker run and listen on that address?",
			 mqtt_port(config));
	else
		snprintf(text, DIAGNOSIS_SIZE,
			 "no broker answers there (%s): check broker.host, the network and the "
			 "firewall",
			 strerror(trouble));
}

/* A descriptor, or -1 with the reason. */
static int broker_connect(const struct mqtt_config *config, char text[DIAGNOSIS_SIZE])
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *addresses = NULL;
	char port[12];
	int fd = -1, code;

	snprintf(port, sizeof(port), "%d", mqtt_port(config));
	code = getaddrinfo(config->host, port, &hints, &addresses);
	if (code) {
		snprintf(text, DIAGNOSIS_SIZE,
			 "the name is unknown (%s): check broker.host, or the name server of this "
			 "machine",
			 gai_strerror(code));
		return -1;
	}
	for (struct addrinfo *each = addresses; each && fd < 0; each = each->ai_next)
		fd = address_connect(each);
	if (fd < 0)
		describe_connect(config, errno, text);
	freeaddrinfo(addresses);
	return fd;
}

/* -------- TLS -------- */

struct handshake {
	const struct mqtt_config *config;
	char *text; /* the reason, DIAGNOSIS_SIZE */
	bool asked; /* for a certificate of ours, and there is none */
};

static int on_verify(int valid, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct handshake *handshake = SSL_get_app_data(ssl);

	if (!valid && !handshake->text[0])
		certificate_describe(
			handshake->text, DIAGNOSIS_SIZE, X509_STORE_CTX_get_error(store),
			X509_STORE_CTX_get_error_depth(store),
			X509_STORE_CTX_get_current_cert(store), handshake->config->host);
	return valid;
}

static int on_certificate_wanted(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
	struct handshake *handshake = SSL_get_app_data(ssl);

	(void)certificate;
	(void)key;
	handshake->asked = true;
	return 0;
}

/* The files of the configuration; false with the reason. */
static bool files_load(SSL_CTX *context, const struct mqtt_config *config,
		       char text[DIAGNOSIS_SIZE])
{
	const char *field = NULL, *file = NULL, *expected = NULL;

	if (!config->ca_file[0]) {
		SSL_CTX_set_default_verify_paths(context);
	} else if (SSL_CTX_load_verify_locations(context, config->ca_file, NULL) != 1) {
		field = "ca_file";
		file = config->ca_file;
		expected = "certificates in PEM format";
	}
	if (!field && config->certificate_file[0]) {
		if (SSL_CTX_use_certificate_chain_file(context, config->certificate_file) != 1) {
			field = "certificate_file";
			file = config->certificate_file;
			expected = "a certificate in PEM format";
		} else if (SSL_CTX_use_PrivateKey_file(context, config->key_file,
						       SSL_FILETYPE_PEM) != 1) {
			field = "key_file";
			file = config->key_file;
			expected = "the key of certificate_file in PEM format";
		}
	}
	if (field)
		snprintf(text, DIAGNOSIS_SIZE, "broker.%s: %s: cannot be used, expected %s", field,
			 file, expected);
	return !field;
}

static void name_expect(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];
	X509_VERIFY_PARAM *rules = SSL_get0_param(ssl);

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
		X509_VERIFY_PARAM_set1_ip_asc(rules, host);
	} else {
		SSL_set1_host(ssl, host);
		SSL_set_tlsext_host_name(ssl, host);
	}
}

/* After a handshake that failed for another reason than the broker's certificate. */
static void describe_handshake(const struct handshake *handshake)
{
	unsigned long code = ERR_peek_error();

	if (handshake->asked)
		snprintf(handshake->text, DIAGNOSIS_SIZE,
			 "the broker requires a certificate of its clients: set "
			 "broker.certificate_file and broker.key_file");
	else if (code == 0 || ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
		snprintf(handshake->text, DIAGNOSIS_SIZE,
			 "port %d does not speak TLS: broker.port is that of a listener with TLS, "
			 "8883 as a rule; or leave out \"tls\"",
			 mqtt_port(handshake->config));
	else
		snprintf(handshake->text, DIAGNOSIS_SIZE, "the TLS handshake failed (%s)",
			 ERR_reason_error_string(code) ? ERR_reason_error_string(code)
						       : "unknown reason");
}

static void shake_hands(struct handshake *handshake, SSL_CTX *context, int fd)
{
	SSL *ssl = SSL_new(context);
	char byte;

	if (!ssl)
		return;
	SSL_set_app_data(ssl, handshake);
	if (!handshake->config->insecure)
		name_expect(ssl, handshake->config->host);
	SSL_set_fd(ssl, fd);
	ERR_clear_error();
	/* With TLS 1.3 the broker refuses a client without certificate after the handshake. */
	if (SSL_connect(ssl) != 1 || (handshake->asked && SSL_read(ssl, &byte, 1) <= 0)) {
		if (!handshake->text[0])
			describe_handshake(handshake);
	}
	ERR_clear_error();
	SSL_free(ssl);
}

static void tls_find(const struct mqtt_config *config, int fd, char text[DIAGNOSIS_SIZE])
{
	struct handshake handshake = {.config = config, .text = text};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
	SSL_CTX_set_client_cert_cb(context, on_certificate_wanted);
	if (files_load(context, config, text))
		shake_hands(&handshake, context, fd);
	ERR_clear_error();
	SSL_CTX_free(context);
}

bool diagnosis_find(const struct mqtt_config *config, char text[DIAGNOSIS_SIZE])
{
	int fd;

	text[0] = '\0';
	fd = broker_connect(config, text);
	if (fd < 0)
		return true;
	if (config->tls)
		tls_find(config, fd, text);
	close(fd);
	return text[0];
}
