#include "common/mqtt/mqtt_reason.h"

#include <MQTTAsync.h>

const char *mqtt_reason_name(int reason)
{
	const char *name = MQTTReasonCode_toString((enum MQTTReasonCodes)reason);

	return name ? name : "unknown reason";
}
