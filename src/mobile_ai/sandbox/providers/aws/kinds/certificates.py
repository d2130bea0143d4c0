"""Certificates; the sandbox validates none, so waiting for validation returns immediately."""

from typing import Final

from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, ListCall, Tags

_READ: Final = Call(operation="describe_certificate", give={"CertificateArn": "{id}"}, fill=False)

KINDS: Final = {
    "aws:acm/certificate:Certificate": Kind(
        service="acm",
        create=Call(operation="request_certificate"),
        read=_READ,
        at="Certificate",
        delete=Call(operation="delete_certificate", give={"CertificateArn": "{id}"}, fill=False),
        id="<CertificateArn>",
        tags=Tags(
            of="{id}",
            add="add_tags_to_certificate",
            remove="remove_tags_from_certificate",
            read="list_tags_for_certificate",
        ),
        names={
            "arn": "CertificateArn",
            "validationMethod": "DomainValidationOptions[0].ValidationMethod",
            "domainValidationOptions": (
                "DomainValidationOptions[].{domainName: DomainName, "
                "resourceRecordName: ResourceRecord.Name, "
                "resourceRecordType: ResourceRecord.Type, "
                "resourceRecordValue: ResourceRecord.Value}"
            ),
        },
        roster=ListCall(
            call=Call(operation="list_certificates", fill=False),
            at="CertificateSummaryList",
            id="<CertificateArn>",
        ),
    ),
    # Not an object: the provider waits for the certificate that it names.
    "aws:acm/certificateValidation:CertificateValidation": Kind(
        service="acm",
        create=Call(
            operation="describe_certificate",
            give={"CertificateArn": "{certificateArn}"},
            fill=False,
        ),
        read=_READ,
        at="Certificate",
        id="{certificateArn}",
        unkept=("certificateArn", "validationRecordFqdns"),
    ),
}
