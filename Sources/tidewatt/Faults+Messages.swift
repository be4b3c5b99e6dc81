import Credentials
import Documents

extension CredentialFault {
    var message: Message { .credentials(description) }
}
