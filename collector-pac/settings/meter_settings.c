#include "collector-pac/settings/meter_settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/fact.h"

const char *const meter_roles[] = {[ROLE_MAIN] = "main", [ROLE_PART] = "part", NULL};

#define OF_PROFILE (-1) /* the configuration does not give it */

static const char *const parity_names[] = {
	[PARITY_NONE] = "N",
	[PARITY_EVEN] = "E",
	[PARITY_ODD] = "O",
	NULL,
};

static const char *const framing_names[] = {
	[FRAMING_TCP] = "tcp",
	[FRAMING_RTU] = "rtu",
	NULL,
};

const struct pac_meter_settings meter_defaults = {
	.port = 502,
	.unit = 1,
	.serial = {.baud = 9600, .stop_bits = 1},
	.match_transaction = true,
	.connect_delay_ms = OF_PROFILE,
	.request_delay_ms = OF_PROFILE,
	.profile_name = "pac3200",
	.nominal_w = NAN,
	.role = ROLE_PART,
	.ratio = 1,
	.wh_per_pulse = NAN,
	.m3_per_pulse = NAN,
	.kwh_per_m3 = NAN,
};

static bool host_check(void *element, struct fail *fail);
static bool device_check(void *element, struct fail *fail);
static bool baud_check(void *element, struct fail *fail);

static const struct json_field serial_keys[] = {
	{.name = "device",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct serial_settings, device),
	 .size = sizeof(meter_defaults.serial.device),
	 .check = device_check,
	 .required = true},
	{.name = "baud",
	 .type = FIELD_INT,
	 .offset = offsetof(struct serial_settings, baud),
	 .check = baud_check},
	{.name = "parity",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct serial_settings, parity),
	 .choices = parity_names},
	{.name = "stop_bits",
	 .type = FIELD_INT,
	 .offset = offsetof(struct serial_settings, stop_bits),
	 .minimum = 1,
	 .maximum = 2},
	{0},
};

const struct json_field meter_keys[] = {
	{.name = "source",
	 .type = FIELD_ID,
	 .offset = offsetof(struct pac_meter_settings, source),
	 .required = true},
	{.name = "host",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct pac_meter_settings, host),
	 .size = sizeof(meter_defaults.host),
	 .check = host_check},
	{.name = "port",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_meter_settings, port),
	 .minimum = 1,
	 .maximum = 65535},
	{.name = "unit",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_meter_settings, unit),
	 .minimum = 0,
	 .maximum = 255},
	{.name = "serial",
	 .type = FIELD_OBJECT,
	 .offset = offsetof(struct pac_meter_settings, serial),
	 .fields = serial_keys},
	{.name = "framing",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct pac_meter_settings, framing),
	 .choices = framing_names},
	{.name = "match_transaction",
	 .type = FIELD_BOOL,
	 .offset = offsetof(struct pac_meter_settings, match_transaction)},
	{.name = "poll_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_meter_settings, poll_ms),
	 .minimum = 50,
	 .maximum = 3600000},
	{.name = "connect_delay_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_meter_settings, connect_delay_ms),
	 .maximum = 60000},
	{.name = "request_delay_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_meter_settings, request_delay_ms),
	 .maximum = 60000},
	{.name = "profile",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct pac_meter_settings, profile_name),
	 .size = sizeof(meter_defaults.profile_name)},
	{.name = "zone", .type = FIELD_ID, .offset = offsetof(struct pac_meter_settings, zone)},
	{.name = "label",
	 .type = FIELD_LABEL,
	 .offset = offsetof(struct pac_meter_settings, label)},
	{.name = "medium", .type = FIELD_ID, .offset = offsetof(struct pac_meter_settings, medium)},
	{.name = "nominal_w",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct pac_meter_settings, nominal_w),
	 .nullable = true,
	 .minimum = 1,
	 .maximum = 1e12},
	{.name = "role",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct pac_meter_settings, role),
	 .choices = meter_roles},
	{.name = "modulus_wh",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_meter_settings, modulus_wh),
	 .minimum = 1,
	 .maximum = 9e12},
	{.name = "ratio",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct pac_meter_settings, ratio),
	 .minimum = 1e-3,
	 .maximum = 1e6},
	{.name = "max_w",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pac_meter_settings, max_w),
	 .minimum = 1,
	 .maximum = (double)FACT_W_MAX},
	{.name = "reactive",
	 .type = FIELD_BOOL,
	 .offset = offsetof(struct pac_meter_settings, reactive)},
	{.name = "wh_per_pulse",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct pac_meter_settings, wh_per_pulse),
	 .minimum = 1e-3,
	 .maximum = 1e6},
	{.name = "m3_per_pulse",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct pac_meter_settings, m3_per_pulse),
	 .minimum = 1e-6,
	 .maximum = 1e3},
	{.name = "kwh_per_m3",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct pac_meter_settings, kwh_per_m3),
	 .minimum = 1e-3,
	 .maximum = 1e3},
	{0},
};

/* "10.0.0.11:502": an IPv6 address has more than one colon. */
static const char *port_in(const char *host)
{
	const char *colon = strchr(host, ':');

	return colon != NULL && strchr(colon + 1, ':') == NULL ? colon : NULL;
}

static bool host_check(void *element, struct fail *fail)
{
	const char *host = element, *colon = port_in(host);

	if (host[0] == '\0')
		return fail_set(fail, "expected the name or address of the meter, found \"\"");
	if (colon != NULL)
		return fail_set(
			fail, "\"%s\" contains a port, expected \"host\": \"%.*s\", \"port\": %.5s",
			host, (int)(colon - host), host, colon + 1);
	if (host[0] == '[')
		return fail_set(fail, "\"%s\" has brackets, expected the address alone", host);
	return true;
}

static bool device_check(void *element, struct fail *fail)
{
	const char *device = element;

	return device[0] == '/' ||
	       fail_set(fail, "expected a device such as \"/dev/ttyUSB0\", found \"%s\"", device);
}

static bool baud_check(void *element, struct fail *fail)
{
	static const int64_t rates[] = {300,  600,   1200,  2400,  4800,
					9600, 19200, 38400, 57600, 115200};
	const int64_t *baud = element;

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++)
		if (*baud == rates[i])
			return true;
	return fail_set(fail, "%lld is no usual rate, expected 300 to 115200, such as 9600",
			(long long)*baud);
}

bool meter_complete(void *element, struct fail *fail)
{
	struct pac_meter_settings *meter = element;
	const bool serial = meter->serial.device[0] != '\0';

	if (serial && meter->host[0] != '\0')
		return fail_set(fail, "has \"host\" and \"serial\", expected one of them");
	if (!serial && meter->host[0] == '\0')
		return fail_set(fail, "expected \"host\", the name or address of the meter, or "
				      "\"serial\"");
	if (meter->max_w && (double)meter->max_w < meter->nominal_w)
		return fail_set(
			fail,
			"max_w: %lld W are less than nominal_w, expected more than the meter "
			"can ever measure",
			(long long)meter->max_w);
	if (meter->zone[0] == '\0')
		memcpy(meter->zone, meter->source, sizeof(meter->zone));
	if (meter->label[0] == '\0')
		memcpy(meter->label, meter->zone, sizeof(meter->zone));
	return true;
}

void meter_resolve(struct pac_meter_settings *meter)
{
	if (meter->connect_delay_ms == OF_PROFILE)
		meter->connect_delay_ms = meter->profile.connect_delay_ms;
	if (meter->request_delay_ms == OF_PROFILE)
		meter->request_delay_ms = meter->profile.request_delay_ms;
}

struct link_peer meter_peer(const struct pac_meter_settings *meter, ms_t timeout_ms)
{
	const struct serial_settings *serial = &meter->serial;

	return (struct link_peer){
		.host = meter->host,
		.port = (int)meter->port,
		.unit = (int)meter->unit,
		.timeout_ms = timeout_ms,
		.framing = (enum framing)meter->framing,
		.any_transaction = !meter->match_transaction,
		.connect_delay_ms = meter->connect_delay_ms,
		.request_delay_ms = meter->request_delay_ms,
		.serial = {.device = serial->device[0] != '\0' ? serial->device : NULL,
			   .baud = (int)serial->baud,
			   .parity = parity_names[serial->parity][0],
			   .stop_bits = (int)serial->stop_bits},
	};
}

bool meters_share(const struct pac_meter_settings *a, const struct pac_meter_settings *b,
		  size_t first, size_t second, struct fail *fail)
{
	const struct link_peer one = meter_peer(a, 0), two = meter_peer(b, 0);
	const char *key = NULL;

	if (!link_peer_shared(&one, &two))
		return true;
	if (one.serial.device != NULL) {
		if (a->serial.baud != b->serial.baud)
			key = "serial.baud";
		else if (a->serial.parity != b->serial.parity)
			key = "serial.parity";
		else if (a->serial.stop_bits != b->serial.stop_bits)
			key = "serial.stop_bits";
	} else if (a->framing != b->framing) {
		key = "framing";
	} else if (a->match_transaction != b->match_transaction) {
		key = "match_transaction";
	}
	if (key == NULL)
		return true;
	return fail_set(
		fail,
		"meters[%zu].%s: differs from meters[%zu], which shares its connection (%s), "
		"expected the same",
		second, key, first, one.serial.device != NULL ? one.serial.device : one.host);
}
