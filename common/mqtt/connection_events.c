#include "common/mqtt/connection_events.h"

#include <stdio.h>
#include <string.h>

#include "common/mqtt/diagnosis.h"
#include "common/mqtt/mqtt_reason.h"

/* -------- the end of a connection, and why -------- */

void events_report_down(struct connection_events *events, bool hopeless, const char *text)
{
	struct mqtt_event event = {
		.kind = EVENT_DOWN,
		.hopeless = hopeless,
		.text = {text, strlen(text)},
	};

	event_queue_put(events->queue, &event);
}

void events_report_answer(const struct request *request, int reason)
{
	struct mqtt_event event = {
		.kind = EVENT_ANSWER,
		.token = request->token,
		.reason = reason,
	};

	event_queue_put(request->events->queue, &event);
}

static void describe_user(const struct mqtt_config *config, const char *reason, char *text,
			  size_t size)
{
	if (!config->user[0])
		snprintf(text, size,
			 "the broker refuses clients without a user (%s); set broker.user and "
			 "broker.password_file",
			 reason);
	else
		snprintf(text, size, "the broker refuses user \"%s\"%s (%s); %s", config->user,
			 config->password_file[0] ? "" : " without a password", reason,
			 config->password_file[0] ? "check broker.user and broker.password_file"
						  : "set broker.password_file");
}

/* Reports why a broker refused a connection: the code of a CONNACK of MQTT 5 (0x80 and more) or
 * 3.1.1 (1 to 5), which a broker without MQTT 5 answers with. */
static void report_refusal(struct connection_events *events, int code)
{
	bool is_old = code < 0x80;
	char text[300];

	switch (code) {
	case 1:
	case MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION:
		snprintf(text, sizeof(text),
			 "the broker does not support MQTT %s; set "
			 "broker.protocol to \"%s\"",
			 events->is_5 ? "5" : "3.1.1", events->is_5 ? "3.1.1" : "5");
		break;
	case 4:
	case 5:
	case MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD:
	case MQTTREASONCODE_NOT_AUTHORIZED:
		describe_user(events->config, is_old ? "not authorized" : mqtt_reason_name(code),
			      text, sizeof(text));
		break;
	case 2:
	case MQTTREASONCODE_CLIENT_IDENTIFIER_NOT_VALID:
		snprintf(text, sizeof(text),
			 "the broker refuses the client id \"%s\"; check "
			 "broker.client_id",
			 events->client_id);
		break;
	default:
		snprintf(text, sizeof(text), "the broker refuses the connection (%s)",
			 is_old ? "server unavailable" : mqtt_reason_name(code));
		events_report_down(events, false, text);
		return;
	}
	events_report_down(events, true, text);
}

static void report_failure(struct connection_events *events, int code)
{
	const struct mqtt_config *config = events->config;
	char found[DIAGNOSIS_SIZE], text[DIAGNOSIS_SIZE];

	if (code > 0) {
		report_refusal(events, code);
		return;
	}
	if (diagnosis_find(config, found))
		snprintf(text, sizeof(text), "%s", found);
	else if (events->tls_trouble[0])
		snprintf(text, sizeof(text), "TLS: %s", events->tls_trouble);
	else
		snprintf(text, sizeof(text), "the port is open, but no MQTT broker answers there%s",
			 !config->tls && mqtt_port(config) == 8883
				 ? "; port 8883 is for TLS as a rule: set broker.tls"
				 : "");
	events_report_down(events, false, text);
}

/* -------- callbacks of paho: on its threads, they only queue events -------- */

void on_up_5(void *context, MQTTAsync_successData5 *data)
{
	struct connection_events *events = context;
	struct mqtt_event event = {
		.kind = EVENT_UP,
		.receive_maximum = 65535,
		.packet_maximum = INT64_MAX,
	};
	MQTTProperties *properties = &data->properties;

	if (MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
		event.receive_maximum = MQTTProperties_getNumericValue(
			properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
	if (MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE))
		event.packet_maximum = (uint32_t)MQTTProperties_getNumericValue(
			properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);
	event_queue_put(events->queue, &event);
}

void on_up(void *context, MQTTAsync_successData *data)
{
	struct connection_events *events = context;
	struct mqtt_event event = {
		.kind = EVENT_UP,
		.receive_maximum = 65535,
		.packet_maximum = INT64_MAX,
	};

	(void)data;
	event_queue_put(events->queue, &event);
}

void on_failed_5(void *context, MQTTAsync_failureData5 *data)
{
	/* The broker's reason is in one of the two. */
	report_failure(context, data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR
					? (int)data->reasonCode
					: data->code);
}

void on_failed(void *context, MQTTAsync_failureData *data)
{
	report_failure(context, data->code);
}

void on_lost(void *context, char *cause)
{
	(void)cause; /* paho never fills it */
	events_report_down(context, false, "the broker or the network closed it");
}

/* A DISCONNECT of the broker: on_lost() does not come after it. */
void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
	char text[200];

	(void)properties;
	snprintf(text, sizeof(text), "the broker ended it (%s%s)", mqtt_reason_name((int)reason),
		 reason == MQTTREASONCODE_SESSION_TAKEN_OVER ? ": is its client id used twice?"
							     : "");
	events_report_down(context, false, text);
}

void on_success_5(void *context, MQTTAsync_successData5 *data)
{
	events_report_answer(context, (int)data->reasonCode);
}

void on_success(void *context, MQTTAsync_successData *data)
{
	(void)data;
	events_report_answer(context, MQTTREASONCODE_SUCCESS);
}

void on_failure_5(void *context, MQTTAsync_failureData5 *data)
{
	/* paho's own codes, below 0, mean that the connection broke: EVENT_DOWN stands for all. */
	if (data->code >= MQTTASYNC_SUCCESS)
		events_report_answer(context, (int)data->reasonCode);
}

void on_failure(void *context, MQTTAsync_failureData *data)
{
	/* Of 3.1.1's answers only that to a subscription can be a refusal. */
	if (data->code >= MQTTREASONCODE_UNSPECIFIED_ERROR)
		events_report_answer(context, data->code);
}

static struct bytes property_bytes(MQTTProperties *properties, enum MQTTPropertyCodes code)
{
	MQTTProperty *property = MQTTProperties_getProperty(properties, code);

	if (!property)
		return (struct bytes){0};
	return (struct bytes){property->value.data.data, (size_t)property->value.data.len};
}

int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
	struct connection_events *events = context;
	struct mqtt_event event = {
		.kind = EVENT_MESSAGE,
		.retained = message->retained,
		.text = {topic, topic_size ? (size_t)topic_size : strlen(topic)},
		.payload = {message->payload ? message->payload : "", (size_t)message->payloadlen},
	};

	if (message->properties.count > 0) {
		event.response_topic =
			property_bytes(&message->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
		event.correlation =
			property_bytes(&message->properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
	}
	event_queue_put(events->queue, &event);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

int on_tls_trouble(const char *text, size_t size, void *context)
{
	struct connection_events *events = context;

	/* The first one names the cause. */
	if (!events->tls_trouble[0])
		snprintf(events->tls_trouble, sizeof(events->tls_trouble), "%.*s",
			 (int)strcspn(text, "\n") < (int)size ? (int)strcspn(text, "\n")
							      : (int)size,
			 text);
	return 1;
}
